/* Chooses which of the compiled loops the measures use. */
#include "measuring.h"

#include "kernel.h"

const struct measuring *measuring_active(void)
{
#ifdef __x86_64__
    /* Every kernel but the baseline needs AVX2. */
    if (kernel_active() != &kernel_baseline)
        return &measuring_avx2;
#endif
    return &measuring_baseline;
}
