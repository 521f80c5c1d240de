# berth_module(NAME [DEPENDS...]): the layer NAME, from src/NAME/*.c.
#
# Files named *_test.c are unit tests beside the code, one cmocka program each. Files in
# src/NAME/linux/ hold what differs per system (only `sys` has such a folder).
function(berth_module name)
    set(dir ${CMAKE_SOURCE_DIR}/src/${name})
    file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.c)
    if(CMAKE_SYSTEM_NAME STREQUAL Linux)
        file(GLOB platform CONFIGURE_DEPENDS ${dir}/linux/*.c)
        list(APPEND sources ${platform})
    endif()
    set(tests ${sources})
    list(FILTER tests INCLUDE REGEX "_test\\.c$")
    list(FILTER sources EXCLUDE REGEX "_test\\.c$")

    add_library(berth_${name} STATIC ${sources})
    target_include_directories(berth_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src
                                                    ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(berth_${name} PUBLIC berth_flags)
    foreach(dependency IN LISTS ARGN)
        target_link_libraries(berth_${name} PUBLIC berth_${dependency})
    endforeach()

    if(BERTH_TESTS)
        foreach(source IN LISTS tests)
            berth_test(${name} ${source})
        endforeach()
    endif()
endfunction()

# berth_test(MODULE SOURCE): one cmocka program, run by ctest as MODULE/SOURCE's name.
function(berth_test module source)
    get_filename_component(test ${source} NAME_WE)
    set(target test_${module}_${test})
    add_executable(${target} ${source})
    target_link_libraries(${target} PRIVATE berth_${module} PkgConfig::cmocka)
    target_compile_definitions(
        ${target} PRIVATE BERTH_WIRE_DIR="${CMAKE_SOURCE_DIR}/tests/wire"
    )
    add_test(NAME ${module}/${test} COMMAND ${target})
    set_tests_properties(${module}/${test} PROPERTIES TIMEOUT 120)
endfunction()
