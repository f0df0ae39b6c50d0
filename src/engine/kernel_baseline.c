/* The kernel for any processor of the architecture. */
#define KERNEL_SYMBOL kernel_baseline
#define KERNEL_NAME   "baseline"
#include "kernel_template.h"
