/* The kernel for x86-64 processors with AVX2 and FMA; this file is compiled with both enabled. */
#define KERNEL_SYMBOL kernel_avx2
#define KERNEL_NAME   "avx2"
#include "kernel_template.h"
