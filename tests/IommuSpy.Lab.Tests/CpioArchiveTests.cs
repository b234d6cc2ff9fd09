using System.Diagnostics;
using System.Runtime.Versioning;
using IommuSpy.Lab.Guests;

namespace IommuSpy.Lab.Tests;

[SupportedOSPlatform("linux")]
public sealed class CpioArchiveTests
{
    /// <summary>busybox has a reader of its own; the kernel's is tested by every capture.</summary>
    [Fact]
    public void AnotherReaderSeesWhatWasWritten()
    {
        string directory = Directory.CreateTempSubdirectory("lab-test-").FullName;
        try
        {
            string path = Path.Combine(directory, "archive");
            using (FileStream output = File.Create(path))
            {
                var archive = new CpioArchive(output);
                archive.AddDirectory("bin");
                archive.AddFile("bin/odd", "12345"u8, executable: true);
                archive.AddFile("empty", []);
                archive.AddLink("link", "bin/odd");
                archive.Finish();
            }

            var start = new ProcessStartInfo("busybox", ["cpio", "-i", "-F", path]) { UseShellExecute = false, WorkingDirectory = directory };
            using (Process process = Process.Start(start) ?? throw new InvalidOperationException("busybox did not start"))
            {
                process.WaitForExit();
                Assert.Equal(0, process.ExitCode);
            }

            Assert.Equal("12345", File.ReadAllText(Path.Combine(directory, "bin/odd")));
            Assert.True(File.GetUnixFileMode(Path.Combine(directory, "bin/odd")).HasFlag(UnixFileMode.UserExecute));
            Assert.Equal("", File.ReadAllText(Path.Combine(directory, "empty")));
            Assert.Equal("bin/odd", new FileInfo(Path.Combine(directory, "link")).LinkTarget);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
