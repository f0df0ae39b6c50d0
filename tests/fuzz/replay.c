/* Runs a fuzz target on files that are kept: its corpus, and what once made it fail. */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

enum { MAX_FILE = 1 << 20, MAX_PATH = 4096 };

/* Of exactly the file's size, as the fuzzer has it. */
static void run_file(const char *path)
{
    static uint8_t room[MAX_FILE];
    FILE *file = fopen(path, "rb");
    CHECK(file);
    size_t size = fread(room, 1, sizeof room, file);
    CHECK(feof(file) || fgetc(file) == EOF);
    fclose(file);
    uint8_t *bytes = fuzz_copy(room, size);
    fprintf(stderr, "%s\n", path); /* the last one is at fault */
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
}

/* How many files there are in a folder; none, if there is no such folder. */
static size_t run_folder(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder)); count++) {
        char name[MAX_PATH];
        if (entry->d_name[0] == '.')
            count--;
        else if ((size_t)snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < sizeof name)
            run_file(name);
    }
    if (folder)
        closedir(folder);
    return count;
}

/* Files and folders; it fails if there is no file at all. */
int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        struct stat about;
        bool is_file = stat(argv[i], &about) == 0 && S_ISREG(about.st_mode);
        if (is_file)
            run_file(argv[i]);
        count += is_file ? 1 : run_folder(argv[i]);
    }
    fprintf(stderr, "%zu files\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
