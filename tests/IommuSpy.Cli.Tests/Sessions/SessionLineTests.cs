using IommuSpy.Cli.Sessions;

namespace IommuSpy.Cli.Tests.Sessions;

/// <summary>How a line of a session is taken apart.</summary>
public class SessionLineTests
{
    private const string Address = "0xffffffff81000000";

    [Theory]
    [InlineData("", "")]
    [InlineData("   # a remark | x > y", "")]
    [InlineData("ps --tree # a remark", "ps|--tree")]
    [InlineData(" ps\t--where  'comm=a b' ", "ps|--where|comm=a b")]
    [InlineData("find \"it's\" 'say \"so\"' a\\ b", "find|it's|say \"so\"|a b")]
    [InlineData("find ''", "find|")]
    [InlineData("ps --where rss>100", "ps|--where|rss>100")]
    [InlineData("explain _", "explain|" + Address)]
    [InlineData("explain _+0x10", "explain|" + Address + "+0x10")]
    [InlineData("explain 8(_)", "explain|8(" + Address + ")")]
    [InlineData("who '_' init_task __start _x x_", "who|_|init_task|__start|_x|x_")]
    [InlineData("who \\_", "who|_")]
    public void Words_are_those_of_a_shell_without_its_patterns(string line, string words) =>
        Assert.Equal(words.Length == 0 ? [] : words.Split('|'), SessionLine.Parse(line, Address).Words);

    [Fact]
    public void An_answer_goes_to_a_program_or_into_a_file_and_a_line_may_be_the_shells()
    {
        Assert.Equivalent(new SessionLine(["ps"], Program: "sort | head > x"), SessionLine.Parse("ps | sort | head > x"), strict: true);
        Assert.Equivalent(new SessionLine(["ps"], Program: "sort"), SessionLine.Parse("ps|sort"), strict: true);
        Assert.Equivalent(new SessionLine(["ps", "--tree"], File: "a file"), SessionLine.Parse("ps --tree > 'a file' # kept"), strict: true);
        Assert.Equivalent(new SessionLine([], Shell: "echo _ 'x"), SessionLine.Parse("! echo _ 'x"), strict: true);
    }

    [Theory]
    [InlineData("ps 'x", "a quote ' has no end")]
    [InlineData("ps \"x'", "a quote \" has no end")]
    [InlineData("!  ", "! and nothing behind it: !COMMAND")]
    [InlineData("| cat", "| stands between a command and a program: COMMAND | PROGRAM")]
    [InlineData("ps |", "| stands between a command and a program: COMMAND | PROGRAM")]
    [InlineData("> x", "> stands between a command and the name of one new file: COMMAND > FILE")]
    [InlineData("ps >", "> stands between a command and the name of one new file: COMMAND > FILE")]
    [InlineData("ps > ''", "> stands between a command and the name of one new file: COMMAND > FILE")]
    [InlineData("ps > x y", "> stands between a command and the name of one new file: COMMAND > FILE")]
    [InlineData("ps > x | y", "a line has > or |, not both")]
    [InlineData("who _", "_ is the last address, and there was none yet")]
    public void A_line_that_means_nothing_says_what_would(string line, string expected) =>
        Assert.Equal(expected, Assert.Throws<UsageException>(() => SessionLine.Parse(line)).Message);
}
