using IommuSpy.Memory.Containers;

namespace IommuSpy.Memory.Tests;

/// <summary>Unpacked images are kept where nobody else can plant or read one, and not for ever.</summary>
public sealed class UnpackedCopiesTests : IDisposable
{
    private readonly DirectoryInfo _caches = Directory.CreateTempSubdirectory("iommu-spy-copies-");

    private string Folder => Path.Combine(_caches.FullName, "iommu-spy");

    [Fact]
    public void The_folder_is_made_for_its_owner_alone()
    {
        Assert.NotNull(UnpackedCopies.In(_caches.FullName));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
    }

    [Fact]
    public void A_folder_that_others_can_look_into_is_not_used()
    {
        Directory.CreateDirectory(Folder, (UnixFileMode)0b111_101_101);
        Assert.Null(UnpackedCopies.In(_caches.FullName));
    }

    [Fact]
    public void A_link_in_place_of_the_folder_is_not_followed()
    {
        string target = Path.Combine(_caches.FullName, "target");
        Directory.CreateDirectory(target, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateSymbolicLink(Folder, target);
        Assert.Null(UnpackedCopies.In(_caches.FullName));
    }

    [Fact]
    public void A_path_that_is_not_absolute_is_not_used() => Assert.Null(UnpackedCopies.In("caches"));

    [Fact]
    public void A_file_that_changed_has_another_copy_though_its_size_and_time_are_what_they_were()
    {
        UnpackedCopies copies = UnpackedCopies.In(_caches.FullName)!;
        string file = Path.Combine(_caches.FullName, "image.gz");
        File.WriteAllText(file, "one");
        DateTime time = File.GetLastWriteTimeUtc(file);
        string? before = copies.PathFor(file);
        Assert.Equal(before, copies.PathFor(file));
        string other = file + ".new";
        File.WriteAllText(other, "two");
        File.Move(other, file, overwrite: true);
        File.SetLastWriteTimeUtc(file, time);
        Assert.NotEqual(before, copies.PathFor(file));
        Assert.Null(copies.PathFor(file + ".none"));
    }

    [Fact]
    public void Copies_that_nobody_used_for_long_go_when_another_comes()
    {
        UnpackedCopies copies = UnpackedCopies.In(_caches.FullName)!;
        string unused = Copy("0123456789abcdef0123456789abcdef");
        string used = Copy("1123456789abcdef0123456789abcdef");
        string none = Copy("notes.txt");
        string added = Copy("2123456789abcdef0123456789abcdef");
        Assert.True(UnpackedCopies.TryUse(used));
        Assert.False(UnpackedCopies.TryUse(Path.Combine(Folder, "3123456789abcdef0123456789abcdef")));
        copies.RemoveUnused(added);
        Assert.Equal([used, added, none], Directory.GetFiles(Folder).Order(StringComparer.Ordinal));
        Assert.False(File.Exists(unused));
    }

    public void Dispose() => _caches.Delete(recursive: true);

    private string Copy(string name)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, name);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow - UnpackedCopies.Kept - TimeSpan.FromHours(1));
        return path;
    }
}
