using IommuSpy.Analysis.Wording;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Tests;

/// <summary>Rights as people read and write them.</summary>
public class RightsTextTests
{
    public static TheoryData<int> All => [.. Enumerable.Range(0, 16)];

    [Theory]
    [InlineData(AccessRights.None, "kernel ---")]
    [InlineData(AccessRights.Read, "kernel r--")]
    [InlineData(AccessRights.Read | AccessRights.Write, "kernel rw-")]
    [InlineData(AccessRights.Read | AccessRights.Execute | AccessRights.User, "user r-x")]
    [InlineData(AccessRights.Read | AccessRights.Write | AccessRights.Execute | AccessRights.User, "user rwx")]
    public void AreWritten(AccessRights rights, string text) => Assert.Equal(text, RightsText.Of(rights));

    [Theory]
    [MemberData(nameof(All))]
    public void AreReadBackFromTheirLetters(int bits)
    {
        AccessRights rights = (AccessRights)bits;
        Assert.Equal(rights & ~AccessRights.User, RightsText.Parse(RightsText.Letters(rights)));
        Assert.Equal(rights | AccessRights.User, RightsText.Parse(RightsText.Letters(rights) + "u"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("---")]
    public void NoLetterIsNoRight(string letters) => Assert.Equal(AccessRights.None, RightsText.Parse(letters));

    [Theory]
    [InlineData("rz")]
    [InlineData("RW")]
    [InlineData("r w")]
    public void AnotherLetterIsRefused(string letters) => Assert.Null(RightsText.Parse(letters));
}
