/* The kernel for aarch64, where every processor has NEON. */
#define KERNEL_SYMBOL kernel_neon
#define KERNEL_NAME   "neon"
#define LANES_NEON
#include "kernel_template.h"
