/* What is wrong with an input, as a sentence for the client who sent it. */
#ifndef CODEC_DETAIL_H
#define CODEC_DETAIL_H

#include <dissolve/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room for the sentence. */
#define CODEC_DETAIL 192

/* Writes the sentence, cut off where the room ends, and returns `status`. */
DISSOLVE_MUST_USE __attribute__((format(printf, 3, 4))) enum dissolve_status
codec_refuse(char detail[CODEC_DETAIL], enum dissolve_status status, const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif
