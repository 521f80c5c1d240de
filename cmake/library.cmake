# libberth.so: the modules below cli as one, with nothing to be seen of it but include/berth.

include(CMakePackageConfigHelpers)

set(objects "")
foreach(module base proto sys net server backend port find app)
    list(APPEND objects $<TARGET_OBJECTS:berth_${module}>)
endforeach()
add_library(libberth SHARED ${objects})
set_target_properties(
    libberth
    PROPERTIES OUTPUT_NAME berth
               EXPORT_NAME berth
               VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}
               LINKER_LANGUAGE C
               LINK_DEPENDS ${CMAKE_SOURCE_DIR}/packaging/libberth.map
)
target_link_options(
    libberth PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/packaging/libberth.map -Wl,-z,defs
                     -Wl,-z,relro -Wl,-z,now
)
target_link_libraries(
    libberth PRIVATE PkgConfig::uv PkgConfig::yaml PkgConfig::sodium PkgConfig::jansson PkgConfig::zlib
                     PkgConfig::deflate
)
target_include_directories(libberth INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

install(
    TARGETS libberth
    EXPORT berth
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/berth DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_SOURCE_DIR}/docs/man/libberth.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
install(
    EXPORT berth
    NAMESPACE berth::
    FILE berthConfig.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/berth
)
write_basic_package_version_file(
    ${CMAKE_BINARY_DIR}/berthConfigVersion.cmake COMPATIBILITY SameMinorVersion
)
install(FILES ${CMAKE_BINARY_DIR}/berthConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/berth
)
# Written when it is installed, since only then is the prefix known.
install(
    CODE "set(PROJECT_VERSION ${PROJECT_VERSION})
          set(CMAKE_INSTALL_LIBDIR ${CMAKE_INSTALL_LIBDIR})
          set(CMAKE_INSTALL_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR})
          configure_file(${CMAKE_SOURCE_DIR}/packaging/berth.pc.in
                         ${CMAKE_BINARY_DIR}/berth.pc @ONLY)"
)
install(FILES ${CMAKE_BINARY_DIR}/berth.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
