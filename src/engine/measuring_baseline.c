/* The measures' loops for any processor of the architecture. */
#define MEASURING_SYMBOL measuring_baseline
#include "measuring_template.h"
