using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Tests;

public sealed class HostCommandTests
{
    [Fact]
    public void A_failure_says_first_why_and_where_everything_is()
    {
        const string Script = "echo compiling >&2; echo 'BTF: .tmp_vmlinux: pahole (pahole) is not available: not found' >&2; echo 'make[1]: *** [x] Error 1' "
            + ">&2; echo last >&2; exit 2";
        LabException failure = Assert.Throws<LabException>(() => HostCommand.Run("sh", ["-c", Script], CancellationToken.None));
        Assert.StartsWith(
            "sh failed with exit code 2: BTF: .tmp_vmlinux: pahole (pahole) is not available: not found | make[1]: *** [x] Error 1 (all of it: ",
            failure.Message, StringComparison.Ordinal);
        string log = failure.Message[(failure.Message.LastIndexOf(": ", StringComparison.Ordinal) + 2)..^1];
        Assert.Equal($"sh -c {Script}\ncompiling\nBTF: .tmp_vmlinux: pahole (pahole) is not available: not found\nmake[1]: *** [x] Error 1\nlast\n",
            File.ReadAllText(log));
    }

    [Theory]
    [InlineData("", "it said nothing")]
    [InlineData("one\n\n two\nthree\nfour\n", "one | two | three")]
    [InlineData("fine\nE: no package\nfine\n", "E: no package")]
    public void The_first_reasons_are_shown(string said, string expected) => Assert.Equal(expected, HostCommand.FirstReasons(said));
}
