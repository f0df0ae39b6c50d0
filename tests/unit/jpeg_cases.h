/* JPEG files of every kind, made by Pillow while the test runs, with the pixels it decodes. */
#ifndef TESTS_JPEG_CASES_H
#define TESTS_JPEG_CASES_H

#include "judge.h"

#include <stdint.h>
#include <string.h>

/* A file by name; pixels are RGB as Pillow has them, turned upright; NULL where it is not to be
 * decoded.
 */
struct jpeg_case {
    char name[40];
    uint32_t width;
    uint32_t height;
    uint32_t size;
    uint32_t pixels_size;
    const uint8_t *file;
    const uint8_t *pixels;
};

#define JPEG_CASES_ROOM (8u << 20)
#define JPEG_CASES_MAX  600

/* What the script writes of each: name, width, height, both sizes, file, pixels. */
static const char jpeg_cases_script[] =
    "import io, random, struct, sys\n"
    "from PIL import Image, ImageOps\n"
    "rng = random.Random(5)\n"
    "def picture(mode, width, height):\n" /* smooth, so that it is small, with some edges */
    "    small = Image.frombytes('RGB', (4, 3), rng.randbytes(36)).resize((width, height), 3)\n"
    "    small.paste((200, 30, 90), (width // 3, height // 3, width // 2 + 1, height // 2 + 1))\n"
    "    return small.convert(mode)\n"
    "def save(image, **options):\n"
    "    out = io.BytesIO()\n"
    "    image.save(out, 'JPEG', **options)\n"
    "    return out.getvalue()\n"
    "def emit(name, file, judged=None):\n"
    "    image, pixels = None, b''\n"
    "    if judged is not False:\n"
    "        image = Image.open(io.BytesIO(judged or file))\n"
    "        image = ImageOps.exif_transpose(image).convert('RGB')\n"
    "        pixels = image.tobytes()\n"
    "    width, height = image.size if image else (0, 0)\n"
    "    sys.stdout.buffer.write(struct.pack('<40s4I', name.encode(), width, height, len(file),\n"
    "                                        len(pixels)) + file + pixels)\n"
    "def segment(marker, data):\n"
    "    return struct.pack('>BBH', 255, marker, len(data) + 2) + data\n"
    "def insert(file, data):\n" /* behind the first marker */
    "    return file[:2] + data + file[2:]\n"
    "def replace(file, old, new):\n"
    "    assert file.count(old) == 1, (old, file.count(old))\n"
    "    return file.replace(old, new)\n"
    "def scans(file):\n" /* what is before the first, each with its tables, and the end */
    "    starts, at = [], 2\n"
    "    while file[at + 1] != 0xd9:\n"
    "        marker, length = file[at + 1], struct.unpack('>H', file[at + 2:at + 4])[0]\n"
    "        if marker in (0xc4, 0xda) and (not starts or starts[-1][1]):\n"
    "            starts.append([at, 0])\n"
    "        at += 2 + length\n"
    "        if marker == 0xda:\n"
    "            starts[-1][1] = 1\n"
    "            while file[at] != 255 or file[at + 1] == 0:\n"
    "                at += 1\n"
    "    edges = [start for start, _ in starts] + [at]\n"
    "    return file[:edges[0]], [file[a:b] for a, b in zip(edges, edges[1:])], file[at:]\n"
    "def exif(order, orientation, kind=3, count=1, extra=b''):\n"
    "    value = {3: 'H2x', 4: 'I', 1: 'B3x'}[kind]\n"
    "    header = b'II*\\0' if order == '<' else b'MM\\0*'\n"
    "    return segment(0xe1, b'Exif\\0\\0' + header + struct.pack(order + 'IHHHI' + value + 'I', "
    "8, 1,\n"
    "                   0x112, kind, count, orientation, 0) + extra)\n"

    "sizes = [(1, 1), (8, 8), (16, 16), (17, 13), (7, 31), (33, 9), (2, 65), (100, 75)]\n"
    "for width, height in sizes:\n"
    "    for progressive in False, True:\n"
    "        kind = 'progressive ' if progressive else ''\n"
    "        size = f'{width} x {height}'\n"
    "        for sampling in 0, 1, 2:\n"
    "            emit(f'{kind}{(444, 422, 420)[sampling]} {size}', save(picture('RGB', width, "
    "height),\n"
    "                 subsampling=sampling, progressive=progressive, quality=90))\n"
    "        emit(f'{kind}grey {size}', save(picture('L', width, height), "
    "progressive=progressive))\n"
    "for quality in 1, 30, 100:\n"
    "    noise = Image.frombytes('RGB', (40, 30), rng.randbytes(3600))\n"
    "    emit(f'noise {quality}', save(noise, quality=quality, subsampling=2, optimize=True))\n"

    "odd, grey = save(picture('RGB', 17, 13)), save(picture('L', 17, 13))\n"
    "even = save(picture('RGB', 32, 32), subsampling=1, quality=90)\n"
    "full = save(picture('RGB', 32, 32), subsampling=0, quality=90)\n"
    "long = save(picture('RGB', 32, 32), subsampling=2, progressive=True)\n"
    "emit('440', replace(even, b'\\1\\x21\\0', b'\\1\\x12\\0'))\n"
    "jfif, bare = full[2:20], full[:2] + full[20:]\n"
    "emit('stored as RGB', insert(bare, segment(0xee, b'Adobe\\0\\x64\\0\\0\\0\\0\\0')))\n"
    "emit('unknown Adobe transform', insert(bare, segment(0xee, "
    "b'Adobe\\0\\x64\\0\\0\\0\\0\\7')))\n"
    "emit('no JFIF', bare)\n"
    "emit('unknown JFIF', replace(full, b'JFIF\\0\\1', b'JFIF\\0\\7'))\n"
    "emit('bytes behind the end', odd + b'\\xff\\xd8 and more')\n"
    "emit('bytes between', odd[:20] + b'\\0\\0\\0' + odd[20:], odd)\n"
    "emit('bytes before the end', odd[:-2] + b'\\0\\0' + odd[-2:])\n"
    "emit('fill bytes', insert(odd, b'\\xff\\xff\\xff'))\n"
    "emit('comment', insert(odd, segment(0xfe, b'made by hand')))\n"
    "emit('zeros in the scan header', replace(odd, b'\\0\\x3f\\0', b'\\0\\0\\0'))\n"
    "for order in '<>':\n"
    "    for orientation in range(10):\n"
    "        emit(f'{order} orientation {orientation}', insert(odd, exif(order, orientation)))\n"
    "emit('orientation 6 progressive', insert(long, exif('<', 6)))\n"
    "emit('orientation 8 grey', insert(grey, exif('>', 8)))\n"
    "emit('orientation long', insert(odd, exif('<', 6, 4)))\n"
    "emit('orientation of Pillow', save(picture('RGB', 9, 20), exif=struct.pack('>6s2sHIHHHIHHI',\n"
    "     b'Exif', b'MM', 42, 8, 1, 0x112, 3, 1, 7, 0, 0)))\n"
    "emit('orientation first of two', insert(odd, exif('<', 3) + exif('<', 6)))\n"
    "emit('orientation behind XMP', insert(odd, segment(0xe1, b'http://ns.adobe.com/xap/1.0/\\0') "
    "+\n"
    "     exif('<', 5)))\n"
    "emit('orientation a byte', insert(odd, exif('<', 6, 1)), odd)\n"
    "emit('orientation twice', insert(odd, exif('<', 6, 3, 2)), odd)\n"
    "emit('orientation counts beyond', insert(odd, exif('<', 6, 3, 1000000)), odd)\n"
    "broken = exif('<', 6)\n"
    "for length in range(4, len(broken)):\n"
    "    cut = segment(0xe1, broken[4:length])\n"
    "    whole = length >= 32\n" /* the one entry is there; only what may follow is not */
    "    emit(f'EXIF cut at {length}', insert(odd, cut), insert(odd, broken) if whole else odd)\n"

    /* Four channels: with Adobe's marker for CMYK and for YCCK, and without it. */
    "cyan, four = b'Adobe\\0\\x64\\0\\0\\0\\0\\0', []\n"
    "for width, height in (1, 1), (17, 13), (33, 9), (40, 30):\n"
    "    for progressive in False, True:\n"
    "        for sampling in 0, 1, 2:\n"
    "            file = save(picture('CMYK', width, height), progressive=progressive,\n"
    "                        subsampling=sampling, quality=90)\n"
    "            at = file.index(cyan)\n"
    "            four += [file, file[:at + 11] + b'\\2' + file[at + 12:],\n"
    "                     file[:at - 4] + file[at + 12:], insert(file, exif('<', 6))]\n"
    "noise = Image.frombytes('CMYK', (64, 48), rng.randbytes(4 * 64 * 48))\n"
    "four += [save(noise, quality=100, subsampling=0), save(noise, quality=10)]\n"
    "for i, file in enumerate(four):\n"
    "    emit(f'four channels {i}', file)\n"
    "frame = b'\\xff\\xc0\\0\\x11\\x08\\0'\n" /* up to the height's high byte */
    "emit('12 bits', replace(odd, frame, b'\\xff\\xc0\\0\\x11\\x0c\\0'), False)\n"
    "emit('arithmetic', replace(odd, frame, b'\\xff\\xc9\\0\\x11\\x08\\0'), False)\n"
    "emit('arithmetic progressive', replace(long, b'\\xff\\xc2', b'\\xff\\xca'), False)\n"
    "emit('lossless', replace(odd, frame, b'\\xff\\xc3\\0\\x11\\x08\\0'), False)\n"
    "emit('hierarchical', replace(odd, frame, b'\\xff\\xc5\\0\\x11\\x08\\0'), False)\n"
    "emit('no height', replace(odd, frame + b'\\x0d', frame + b'\\0'), False)\n"
    "emit('wider than libjpeg takes', replace(odd, b'\\0\\x0d\\0\\x11', b'\\0\\x0d\\xff\\xff'), "
    "False)\n"
    "emit('widest', replace(odd, b'\\0\\x0d\\0\\x11', b'\\xff\\xdc\\xff\\xdc'), False)\n"
    "emit('claimed', replace(odd, b'\\0\\x0d\\0\\x11', b'\\x1f\\x40\\x1f\\x40'), False)\n"
    "emit('claimed progressive', replace(long, b'\\0\\x20\\0\\x20', b'\\x1f\\x40\\x1f\\x40'), "
    "False)\n"
    "emit('sampled 3 to 2', replace(replace(even, b'\\1\\x21\\0', b'\\1\\x31\\0'), "
    "b'\\2\\x11\\1',\n"
    "                               b'\\2\\x21\\1'), False)\n"
    "emit('restarts that are not there', insert(full, segment(0xdd, b'\\0\\2')), False)\n"
    "table = full.index(b'\\xff\\xdb')\n"
    "emit('no quantization table', full[:table] + full[table + 69:], False)\n"
    "emit('no scan', full[:full.index(b'\\xff\\xda')] + b'\\xff\\xd9', False)\n"

    /* One grey scan, as each of a file's channels. */
    "head, (scan,), tail = scans(grey)\n"
    "tables, data = scan[:scan.index(b'\\xff\\xda')], scan[scan.index(b'\\xff\\xda'):]\n"
    "def channels(count):\n"
    "    components = b''.join(bytes([i, 0x11, 0]) for i in range(1, count + 1))\n"
    "    start = head.index(b'\\xff\\xc0')\n"
    "    return (head[:start] + segment(0xc0, head[start + 4:start + 9] + bytes([count]) +\n"
    "            components) + tables)\n"
    "one = [replace(data, b'\\1\\1\\0\\0\\x3f\\0', bytes([1, i]) + b'\\0\\0\\x3f\\0') for i in (1, "
    "2, 3)]\n"
    "emit('a scan a channel', channels(3) + b''.join(one) + tail)\n"
    "emit('a channel without a scan', channels(3) + one[0] + one[2] + tail, False)\n"
    "emit('one scan of three', channels(3) + one[0] + tail, False)\n"
    "emit('a scan too many', channels(1) + one[0] + one[0] + tail, channels(1) + one[0] + tail)\n"
    "emit('two channels', channels(2) + one[0] + one[1] + tail, False)\n"
    "three = channels(3) + b''.join(one) + tail\n"

    /* Two pictures of one block, side by side. */
    "left, right = (scans(save(picture('L', 8, 8))) for _ in '12')\n"
    "data = [half[1][0][half[1][0].index(b'\\xff\\xda'):] for half in (left, right)]\n"
    "start = left[0].index(b'\\xff\\xc0')\n"
    "wide = (left[0][:start] + segment(0xdd, b'\\0\\1') + left[0][start:start + 8] + b'\\x10' +\n"
    "        left[0][start + 9:] + left[1][0][:left[1][0].index(b'\\xff\\xda')] + data[0])\n"
    "restart = wide + b'\\xff\\xd0' + data[1][10:] + left[2]\n"
    "emit('restart', restart)\n"
    "emit('wrong restart', wide + b'\\xff\\xd3' + data[1][10:] + left[2], False)\n"

    "head, parts, tail = scans(long)\n"
    "for i in range(len(parts)):\n"
    "    rest = b''.join(parts[:i] + parts[i + 1:])\n"
    "    emit(f'without scan {i}', head + rest + tail, False)\n"
    /* Of one channel all at once, so that repeating it contradicts nothing. */
    "def params(part):\n"
    "    at = part.index(b'\\xff\\xda') + 4\n"
    "    return part[at:at + 2] + part[at + 3:at + 6]\n"
    "first, last = (next(i for i, part in enumerate(parts) if params(part) == b'\\1\\2\\1\\x3f' + "
    "end)\n"
    "               for end in (b'\\1', b'\\x10'))\n"
    "at = parts[first].index(b'\\xff\\xda') + 9\n"
    "once = parts[first][:at] + b'\\0' + parts[first][at + 1:]\n"
    "def repeated(total):\n"
    "    others = parts[first + 1:last] + parts[last + 1:]\n"
    "    count = total - first - len(others)\n"
    "    return head + b''.join(parts[:first] + [once] * count + others) + tail\n"
    "emit('100 scans', repeated(100))\n"
    "emit('101 scans', repeated(101), False)\n"
    "emit('2000 scans', repeated(2000), False)\n"
    "emit('a refinement twice', head + b''.join(parts + parts[-1:]) + tail, long)\n"

    /* The least data that 64 x 64 pixels of one channel can have: each Huffman code is one bit. */
    "def least(kind, run, *scans):\n"
    "    code = b'\\1' + bytes(15)\n"
    "    return (b'\\xff\\xd8' + segment(0xdb, b'\\0' + b'\\1' * 64) +\n"
    "            segment(kind, b'\\x08\\0\\x40\\0\\x40\\1\\1\\x11\\0') + segment(0xc4, b'\\0' + "
    "code + b'\\0') +\n"
    "            segment(0xc4, b'\\x10' + code + run) +\n"
    "            b''.join(segment(0xda, b'\\1\\1\\0' + scan) + data for scan, data in scans))\n"
    "baseline = least(0xc0, b'\\0', (b'\\0\\x3f\\0', bytes(16)))\n"
    "progressive = least(0xc2, b'\\x60', (b'\\0\\0\\0', bytes(8)), (b'\\1\\x3f\\0', b'\\1'))\n"
    "emit('least baseline', baseline, baseline + b'\\xff\\xd9')\n"
    "emit('least baseline but a byte', baseline[:-1], False)\n"
    "emit('least progressive', progressive, progressive + b'\\xff\\xd9')\n"
    "emit('least progressive but a byte', least(0xc2, b'\\0', (b'\\0\\0\\0', bytes(7))), False)\n"

    /* Without the end marker, with half of it, and with what cameras and others append. */
    "trailers = [bytes(200), b'\\0\\0\\x0a\\0\\x17SEFH' + bytes(100), b'\\0\\0\\0\\x18ftypmp42' + "
    "bytes(50),\n"
    "            odd, odd[2:], long[2:], b'\\xff\\xc4\\xff\\xff', b'\\xff\\xc4\\0\\x30' + b'\\xff' "
    "* 99,\n"
    "            b'\\xff\\xda\\0\\x08\\1\\1\\0\\0\\x3f\\0' + b'x' * 30, b'\\xff\\xd0\\xff\\xd1', "
    "b'\\xff\\2\\xff"
    "\\xbf',\n"
    "            b'\\xff\\xff\\xff', b'\\xff\\0\\xff\\0', segment(0xe1, b'Exif'), "
    "rng.randbytes(500)]\n"
    "for name, file in (('420', odd), ('grey', grey), ('444', full), ('progressive', long),\n"
    "                   ('progressive grey', save(picture('L', 9, 20), progressive=True)),\n"
    "                   ('scans', three), ('restart', restart), ('CMYK', four[32]),\n"
    "                   ('progressive YCCK', four[45])):\n"
    "    assert file.endswith(b'\\xff\\xd9')\n"
    "    emit(f'endless {name}', file[:-2], file)\n"
    "    emit(f'endless {name}, half an end', file[:-1], file)\n"
    "    for i, trailer in enumerate(trailers):\n"
    "        emit(f'endless {name}, trailer {i}', file[:-2] + trailer, file)\n"
    "        emit(f'{name}, trailer {i}', file + trailer, file)\n";

/* Fills cases[0..count); their bytes are static. */
static inline size_t jpeg_cases_make(struct jpeg_case cases[JPEG_CASES_MAX])
{
    static uint8_t records[JPEG_CASES_ROOM];
    size_t size = judge(jpeg_cases_script, "", 0, records, sizeof records);
    size_t count = 0;
    assert_true(size < sizeof records);
    for (const uint8_t *at = records; at < records + size; count++) {
        struct jpeg_case *one = &cases[count];
        assert_true(count < JPEG_CASES_MAX);
        memcpy(one, at, 56);
        one->file = at + 56;
        one->pixels = one->pixels_size > 0 ? one->file + one->size : NULL;
        at = one->file + one->size + one->pixels_size;
    }
    return count;
}

#endif
