/* The kernel for x86-64 processors with AVX-512F; this file is compiled with it enabled. */
#define KERNEL_SYMBOL kernel_avx512
#define KERNEL_NAME   "avx512"
#include "kernel_template.h"
