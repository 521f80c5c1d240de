# Compiler flags: one set for every target, in the interface library `berth_flags`.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(berth_flags INTERFACE)
target_compile_definitions(berth_flags INTERFACE _GNU_SOURCE BERTH_VERSION="${PROJECT_VERSION}")
target_compile_options(
    berth_flags
    INTERFACE
        -Wall
        -Wextra
        -Wpedantic
        -Wconversion
        -Wsign-conversion
        -Wshadow
        -Wundef
        -Wvla
        -Wstrict-prototypes
        -Wmissing-prototypes
        -Wcast-qual
        -Wformat=2
        -Wimplicit-fallthrough
        -Wswitch-enum
        -Wnull-dereference
        -fno-strict-aliasing
        -fstack-protector-strong
)
if(BERTH_WERROR)
    target_compile_options(berth_flags INTERFACE -Werror)
endif()
if(BERTH_SANITIZE)
    target_compile_options(
        berth_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                              -fno-omit-frame-pointer
    )
    target_link_options(berth_flags INTERFACE -fsanitize=address,undefined)
elseif(BERTH_TSAN)
    target_compile_options(berth_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
    target_link_options(berth_flags INTERFACE -fsanitize=thread)
else()
    target_compile_options(berth_flags INTERFACE -D_FORTIFY_SOURCE=2)
    target_link_options(
        berth_flags INTERFACE -Wl,-z,relro -Wl,-z,now
                              $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>
    )
endif()
if(BERTH_FUZZ)
    target_compile_options(berth_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
