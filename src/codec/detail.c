/* What is wrong with an input, as a sentence for the client who sent it. */
#include "detail.h"

#include <stdarg.h>
#include <stdio.h>

enum dissolve_status codec_refuse(char detail[CODEC_DETAIL], enum dissolve_status status,
                                  const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, CODEC_DETAIL, format, arguments);
    va_end(arguments);
    return status;
}
