using System.Text;
using IommuSpy.Lab.Kernels;

namespace IommuSpy.Lab.Tests;

public sealed class KernelFilesTests : IDisposable
{
    private const string Release = "3.16.59-mine";
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kernel-files-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void The_files_are_found_as_a_package_lays_them_out()
    {
        Write($"boot/vmlinuz-{Release}", Image());
        Write($"boot/config-{Release}");
        Write($"lib/modules/{Release}/modules.dep");
        Write($"lib/modules/{Release}/build/Makefile");
        var files = KernelFiles.In(_directory.FullName);
        Assert.Equal(Release, files.Release);
        Assert.Equal(At($"boot/vmlinuz-{Release}"), files.Image);
        Assert.Equal(At($"boot/config-{Release}"), files.Configuration);
        Assert.Equal(At($"lib/modules/{Release}"), files.Modules);
        Assert.Equal(At($"lib/modules/{Release}/build"), files.Headers);
    }

    [Fact]
    public void An_image_and_its_configuration_are_enough()
    {
        Write("bzImage", Image());
        Write(".config");
        var files = KernelFiles.In(_directory.FullName);
        Assert.Equal(Release, files.Release);
        Assert.Null(files.Modules);
        Assert.Null(files.Headers);
        string identity = files.Identity;
        Assert.Equal(identity, KernelFiles.In(_directory.FullName).Identity);
        Write(".config", "CONFIG_X86_5LEVEL=y"u8.ToArray());
        Assert.NotEqual(identity, KernelFiles.In(_directory.FullName).Identity);
    }

    [Fact]
    public void What_is_missing_or_ambiguous_is_said()
    {
        Assert.Contains("there is no image", Assert.Throws<LabException>(() => KernelFiles.In(_directory.FullName)).Message, StringComparison.Ordinal);
        Write("vmlinuz", Encoding.ASCII.GetBytes("\x7f" + "ELF"));
        Assert.Contains("is no bzImage", Assert.Throws<LabException>(() => KernelFiles.In(_directory.FullName)).Message, StringComparison.Ordinal);
        Write("vmlinuz", Image());
        Assert.Contains("there is no configuration", Assert.Throws<LabException>(() => KernelFiles.In(_directory.FullName)).Message, StringComparison.Ordinal);
        Write("vmlinuz-other", Image());
        Assert.Contains("2 files could be the image", Assert.Throws<LabException>(() => KernelFiles.In(_directory.FullName)).Message, StringComparison.Ordinal);
    }

    private static byte[] Image()
    {
        byte[] image = new byte[0x1000];
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        image[0x20f] = 0x04;
        Encoding.ASCII.GetBytes(Release + " (me@here) #1 SMP").CopyTo(image, 0x600);
        return image;
    }

    private string At(string name) => Path.Combine(_directory.FullName, name);

    private void Write(string name, byte[]? content = null)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllBytes(At(name), content ?? []);
    }
}
