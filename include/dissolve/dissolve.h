/* All of libdissolve: the forward process of diffusion models on arrays of float32. */
#ifndef DISSOLVE_DISSOLVE_H
#define DISSOLVE_DISSOLVE_H

#include <dissolve/histogram.h>
#include <dissolve/marginal.h>
#include <dissolve/measure.h>
#include <dissolve/mixture.h>
#include <dissolve/noise.h>
#include <dissolve/pool.h>
#include <dissolve/process.h>
#include <dissolve/schedule.h>
#include <dissolve/squares.h>
#include <dissolve/status.h>
#include <dissolve/target.h>

#endif
