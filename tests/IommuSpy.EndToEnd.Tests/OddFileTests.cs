using System.Net.Sockets;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Names of files that are none, or are no file, for everything that takes one: refused in a line, at once. Needs no guest.</summary>
public sealed class OddFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public static TheoryData<string> Kinds =>
        ["directory", "fifo", "socket", "empty", "/dev/null", "/dev/zero", "no-such-file", "", new string('a', 300), "two\nlines"];

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_image_or_types_in_it_are_refused(string kind)
    {
        string path = Make(kind);
        Refused(kind.Length > 0 ? 3 : 2, "info", "-s", path);
        Refused(3, "info", "-s", Image(), "--types", path);
        Refused(3, "convert", path, Path.Combine(_directory.FullName, "out"), "--format", "elf");
    }

    [Theory]
    [InlineData("directory")]
    [InlineData("fifo")]
    [InlineData("socket")]
    [InlineData("/dev/null")]
    [InlineData("/dev/zero")]
    [InlineData("")]
    [InlineData("no-such-directory/file")]
    public void A_new_file_takes_no_place_of_what_is_none(string kind)
    {
        string path = Make(kind);
        Refused(3, "convert", Image(), path, "--format", "raw");
        Refused(3, "acquire", path, "-s", Image());
        Refused(3, "acquire", path, "--resume", "-s", Image());
        if (kind is "fifo" or "socket")
        {
            Assert.Equal(kind, HostTool.Run("stat", "-c", "%F", path).TrimEnd());
        }
    }

    [Fact]
    public void A_state_beside_an_image_that_is_no_file_is_not_waited_for()
    {
        string image = Image();
        HostTool.Run("mkfifo", Path.Combine(_directory.FullName, "state.json"));
        Assert.Equal(0, Cli.Run("convert", image, Path.Combine(_directory.FullName, "out"), "--format", "raw").ExitCode);
        HostTool.Run("mkfifo", Path.Combine(_directory.FullName, "out.elf.journal"));
        Refused(3, "acquire", Path.Combine(_directory.FullName, "out.elf"), "--resume", "-s", image);
    }

    [Theory]
    [InlineData("convert \"$1\" - --format raw", 3, "iommu-spy: standard output: nobody reads it any more\n")]
    [InlineData("acquire - --format lime -s \"$1\"", 3, "iommu-spy: standard output: nobody reads it any more\n")]
    [InlineData("read -s \"$1\" --physical 0 -n 4K", 0, "")]
    public void An_image_that_nobody_reads_to_its_end_is_a_failure_and_a_listing_is_none(string arguments, int exitCode, string error)
    {
        (int code, string text) = HostTool.Try("bash", "-c", $"exec 3> >(true); wait $!; \"$0\" {arguments} >&3", Cli.Program(), Image());
        Assert.Equal((exitCode, error), (code, text));
    }

    [Fact]
    public void A_word_with_an_at_sign_is_no_name_of_a_file()
    {
        string words = Path.Combine(_directory.FullName, "words");
        File.WriteAllText(words, "formats\n");
        Cli.Outcome outcome = Cli.Run("@" + words);
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith($"iommu-spy: there is no command '@{words}'", outcome.Error, StringComparison.Ordinal);
    }

    private static void Refused(int exitCode, params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run(arguments);
        Assert.True(outcome.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {outcome.ExitCode} {outcome.Error}");
        Assert.Equal("", outcome.Output);
        Assert.Matches("^iommu-spy: [^\n]+\n$", outcome.Error);
        Assert.DoesNotContain("Parameter", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", outcome.Error, StringComparison.Ordinal);
    }

    private string Make(string kind)
    {
        string path = Path.Combine(_directory.FullName, kind);
        switch (kind)
        {
            case "":
                return "";
            case "directory":
                Directory.CreateDirectory(path);
                break;
            case "fifo":
                HostTool.Run("mkfifo", path);
                break;
            case "socket":
                using (Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
                {
                    // A path is the name of a socket if it is not longer than 107 bytes.
                    socket.Bind(new UnixDomainSocketEndPoint(path));
                    HostTool.Run("ln", path, path + ".kept");
                }

                HostTool.Run("mv", path + ".kept", path);
                break;
            case "empty":
                File.WriteAllText(path, "");
                break;
        }

        return path;
    }

    /// <summary>A file that every format but raw leaves alone, with something in it that is no text.</summary>
    private string Image()
    {
        string path = Path.Combine(_directory.FullName, "ram.raw");
        byte[] bytes = new byte[1 << 20];
        bytes[0x1000] = 0xf4;
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
