using System.Text;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Tests;

public sealed class PrintableTests
{
    [Theory]
    [InlineData("kworker/0:1", "kworker/0:1")]
    [InlineData("Grüße-日本", "Grüße-日本")]
    [InlineData("a\nb\tc", "a\\012b\\011c")]
    [InlineData("\u001b[2J\a\u007f\u009b", "\\033[2J\\007\\177\\233")]
    [InlineData("\u202etxt\u2066\u200b", "\\u202etxt\\u2066\\u200b")]
    [InlineData("\u2028\u2029\ue000", "\\u2028\\u2029\\ue000")]
    [InlineData("\U000e0041\U000f0000", "\\U000e0041\\U000f0000")]
    [InlineData("soft\u00adhyphen", "soft\\255hyphen")]
    public void What_a_terminal_might_act_on_is_written_as_a_number(string name, string shown)
    {
        Assert.Equal(shown, Printable.Of(name));
        Assert.Equal(shown, Printable.Name(name));
        Assert.Equal(shown, Printable.Of(shown));
    }

    [Fact]
    public void Half_of_a_pair_is_no_character() => Assert.Equal("a\\ud800b", Printable.Of("a" + (char)0xd800 + "b"));

    [Fact]
    public void A_backslash_in_a_name_is_doubled_so_that_two_names_never_look_the_same() =>
        Assert.NotEqual(Printable.Name("\u001b"), Printable.Name("\\033"));

    [Fact]
    public void No_character_of_the_dangerous_categories_passes()
    {
        for (int code = 0; code <= 0x10ffff; code++)
        {
            if (Rune.TryCreate(code, out Rune rune) && !Printable.IsHarmless(rune))
            {
                string shown = Printable.Of(rune.ToString());
                Assert.StartsWith("\\", shown, StringComparison.Ordinal);
                Assert.True(shown.All(letter => letter is >= ' ' and <= '~'), $"U+{code:X} is shown as it is");
            }
        }
    }

    [Theory]
    [InlineData("e1000e", "e1000e")]
    [InlineData("", "''")]
    [InlineData("*_lock", "'*_lock'")]
    [InlineData("x';id>&2;'y", "'x'\\'';id>&2;'\\''y'")]
    [InlineData("a\n`id`'\\", "$'a\\012`id`\\'\\\\'")]
    public void A_word_in_a_hint_stays_one_word_for_a_shell(string word, string quoted) => Assert.Equal(quoted, ShellWord.Of(word));
}
