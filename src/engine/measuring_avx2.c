/* The measures' loops for x86-64 processors with AVX2; this file is compiled with it enabled. */
#define MEASURING_SYMBOL measuring_avx2
#include "measuring_template.h"
