# embed(target symbol file): compiles a file into `target` as `const unsigned char symbol[]` and
# `const size_t symbol_size`. Run as a script (-DINPUT -DOUTPUT -DSYMBOL) it writes the C source.
if(CMAKE_SCRIPT_MODE_FILE)
    file(READ ${INPUT} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    file(WRITE ${OUTPUT}
         "#include <stddef.h>\nextern const unsigned char ${SYMBOL}[];\n"
         "extern const size_t ${SYMBOL}_size;\nconst unsigned char ${SYMBOL}[] = {${bytes}};\n"
         "const size_t ${SYMBOL}_size = sizeof ${SYMBOL};\n")
    return()
endif()

set(EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(embed target symbol file)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
    add_custom_command(
        OUTPUT ${source}
        COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${source} -DSYMBOL=${symbol}
                -P ${EMBED_SCRIPT}
        DEPENDS ${file} ${EMBED_SCRIPT})
    target_sources(${target} PRIVATE ${source})
endfunction()
