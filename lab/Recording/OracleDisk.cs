using System.Formats.Tar;

namespace IommuSpy.Lab.Recording;

/// <summary>The tar archive that the collector wrote to a raw disk.</summary>
internal static class OracleDisk
{
    public static void Extract(string disk, string directory)
    {
        using FileStream file = File.OpenRead(disk);
        using var archive = new TarReader(file);
        string root = Path.GetFullPath(directory) + Path.DirectorySeparatorChar;
        while (archive.GetNextEntry() is { } entry)
        {
            string path = Path.GetFullPath(Path.Combine(root, entry.Name));
            if (!path.StartsWith(root, StringComparison.Ordinal))
            {
                throw new LabException($"the guest wrote a file outside its directory: {entry.Name}");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path) ?? root);
            using FileStream output = File.Create(path);
            entry.DataStream?.CopyTo(output);
        }
    }
}
