/* The orientation of a picture from its EXIF data. */
#ifndef CODEC_EXIF_H
#define CODEC_EXIF_H

#include <stddef.h>
#include <stdint.h>

/*
 * The orientation, 1 to 8 as table 6 of EXIF 2.3 has it, in the data of an EXIF segment of at most
 * 64 KiB, "Exif" and two zero bytes first. 1 where there is none or the data are broken, 0 where
 * there is not enough memory. It allocates less than 1 MiB, and usually some KiB.
 */
unsigned codec_exif_orientation(const uint8_t *bytes, size_t size);

#endif
