// Reads a ZIP archive from standard input as a stream: a line per entry, its name, size and CRC-32.
import java.io.IOException;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

class ReadZip {
    public static void main(String[] arguments) throws IOException {
        byte[] buffer = new byte[1 << 16];
        ZipInputStream archive = new ZipInputStream(System.in);
        for (ZipEntry entry; (entry = archive.getNextEntry()) != null;) {
            CRC32 sum = new CRC32();
            long size = 0;
            for (int count; (count = archive.read(buffer)) > 0; size += count) {
                sum.update(buffer, 0, count);
            }
            System.out.println(entry.getName() + " " + size + " " + sum.getValue());
        }
    }
}
