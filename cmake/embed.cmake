# berth_embed(TARGET FILE...): each FILE becomes a byte array that TARGET can serve, as
# `const struct berth_embedded berth_embedded_<name>` with every dot of the name an underscore.
function(berth_embed target)
    foreach(file IN LISTS ARGN)
        get_filename_component(name ${file} NAME)
        string(MAKE_C_IDENTIFIER ${name} symbol)
        set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${symbol}.c)
        add_custom_command(
            OUTPUT ${output}
            COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DSYMBOL=${symbol} -DOUTPUT=${output} -P
                    ${CMAKE_SOURCE_DIR}/cmake/embed-file.cmake
            DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/embed-file.cmake
            VERBATIM
        )
        target_sources(${target} PRIVATE ${output})
    endforeach()
endfunction()
