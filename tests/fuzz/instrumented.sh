#!/bin/bash
# Builds static libraries of what the server is linked with, instrumented by clang for fuzzing:
# instrumented.sh FOLDER leaves them in FOLDER/lib and their headers in FOLDER/include.
#
# The source is that of the distribution's packages. It is fetched with a configuration of apt that
# is in FOLDER and names the system's own package sources, as sources of source packages.
set -euo pipefail

FOLDER=$(realpath -m "$1")
SANITIZERS=fuzzer-no-link,address,undefined
PACKAGES=(libmicrohttpd libjpeg-turbo libexif libdeflate lodepng cjson)
export CC=clang CXX=clang++
export CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=$SANITIZERS -fno-sanitize-recover=all"
export CXXFLAGS=$CFLAGS

configure_apt() {
    mkdir -p "$FOLDER/apt/lists/partial"
    # shellcheck disable=SC2016 # apt-get expands them
    apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' | sort -u >"$FOLDER/apt/sources.list"
    cat >"$FOLDER/apt/apt.conf" <<END
Dir::Etc::SourceList "$FOLDER/apt/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$FOLDER/apt/lists";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "";
END
}

# The unpacked source of each package is a folder NAME-VERSION of FOLDER/source.
fetch() {
    rm -rf "$FOLDER/source"
    mkdir -p "$FOLDER/source"
    cd "$FOLDER/source"
    # A source of binary packages alone makes the update fail, which does not matter here.
    APT_CONFIG=$FOLDER/apt/apt.conf apt-get -q update || true
    APT_CONFIG=$FOLDER/apt/apt.conf apt-get -q source "${PACKAGES[@]}"
}

# source_of PACKAGE: prints its folder.
source_of() {
    find "$FOLDER/source" -mindepth 1 -maxdepth 1 -type d -name "$1-*"
}

# version_of PACKAGE: prints its upstream version.
version_of() {
    basename "$(source_of "$1")" | sed "s/^$1-//"
}

# archive LIBRARY OPTIONS FILE...: compiles the files, in the current folder, into lib/LIBRARY.a.
archive() {
    local library=$1 options=$2 objects=$FOLDER/objects/$1 file
    shift 2
    rm -rf "$objects" "$FOLDER/lib/$library.a"
    mkdir -p "$objects"
    for file in "$@"; do
        # shellcheck disable=SC2086 # options and flags are several words
        $CC $CFLAGS $options -c "$file" -o "$objects/${file//\//_}.o"
    done
    ar rcs "$FOLDER/lib/$library.a" "$objects"/*.o
}

# describe MODULE LIBRARY VERSION: writes its file for pkg-config.
describe() {
    cat >"$FOLDER/lib/pkgconfig/$1.pc" <<END
Name: $1
Description: instrumented for fuzzing
Version: $3
Cflags: -I$FOLDER/include
Libs: -L$FOLDER/lib -l$2
END
}

build_libmicrohttpd() {
    mkdir -p "$FOLDER/objects/libmicrohttpd"
    cd "$FOLDER/objects/libmicrohttpd"
    "$(source_of libmicrohttpd)/configure" --prefix="$FOLDER" --disable-shared --enable-static \
        --disable-https --disable-doc --disable-examples --disable-curl
    make -j "$(nproc)" -C src/microhttpd install
    make -C src/include install
    describe libmicrohttpd microhttpd "$(version_of libmicrohttpd)"
}

# Without its assembler code, which the sanitizers do not check.
build_jpeg() {
    cmake -S "$(source_of libjpeg-turbo)" -B "$FOLDER/objects/libjpeg" -DCMAKE_BUILD_TYPE=None \
        -DCMAKE_INSTALL_PREFIX="$FOLDER" -DCMAKE_INSTALL_LIBDIR="$FOLDER/lib" -DENABLE_SHARED=OFF \
        -DWITH_SIMD=OFF -DWITH_TURBOJPEG=OFF -DWITH_JPEG8=OFF
    cmake --build "$FOLDER/objects/libjpeg" --parallel "$(nproc)" --target jpeg-static
    cp "$FOLDER/objects/libjpeg/libjpeg.a" "$FOLDER/lib"
    cp "$FOLDER/objects/libjpeg/jconfig.h" "$(source_of libjpeg-turbo)"/{jpeglib,jmorecfg,jerror}.h \
        "$FOLDER/include"
    describe libjpeg jpeg "$(version_of libjpeg-turbo)"
}

build_exif() {
    cd "$(source_of libexif)"
    : >config.h
    archive libexif "-I. -DGETTEXT_PACKAGE=\"libexif\" -DLOCALEDIR=\"/\"" libexif/*.c libexif/*/*.c
    mkdir -p "$FOLDER/include/libexif"
    cp libexif/*.h "$FOLDER/include/libexif"
    describe libexif exif "$(version_of libexif)"
}

build_deflate() {
    cd "$(source_of libdeflate)"
    archive libdeflate "-I." lib/*.c lib/*/*.c
    cp libdeflate.h "$FOLDER/include"
    describe libdeflate deflate "$(version_of libdeflate)"
}

build_cjson() {
    cd "$(source_of cjson)"
    archive libcjson "" cJSON.c
    mkdir -p "$FOLDER/include/cjson"
    cp cJSON.h "$FOLDER/include/cjson"
    describe libcjson cjson "$(version_of cjson)"
}

build_lodepng() {
    cd "$(source_of lodepng)"
    archive liblodepng "" lodepng.cpp
    cp lodepng.h "$FOLDER/include"
}

mkdir -p "$FOLDER"/{lib/pkgconfig,include}
configure_apt
(fetch)
for library in libmicrohttpd jpeg exif deflate cjson lodepng; do
    (build_$library)
done
touch "$FOLDER/built"
