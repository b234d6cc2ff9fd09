using System.Globalization;
using System.Text.RegularExpressions;
using IommuSpy.Lab.Running;

namespace IommuSpy.Lab.Tests;

public sealed class RunningGuestTests(RunningGuestTests.Up up) : IClassFixture<RunningGuestTests.Up>
{
    /// <summary>One guest for all tests.</summary>
    public sealed class Up : IDisposable
    {
        public RunningGuest Guest { get; } = RunningGuest.Boot(new CaptureSpec { Kernel = "6.1" },
            [new("/lab-test/deep/file", typeof(RunningGuestTests).Assembly.Location)]);

        public void Dispose() => Guest.Dispose();
    }

    private RunningGuest Guest => up.Guest;

    [Fact]
    public void ACommandLeavesItsCodeAndBothOutputs()
    {
        GuestOutcome outcome = Guest.Run("echo one; echo two >&2; printf three; exit 7");
        Assert.Equal((7, "one\nthree", "two\n"), (outcome.ExitCode, outcome.Output, outcome.Error));
        Assert.Equal(128 + 9, Guest.Run("kill -9 $$").ExitCode);
    }

    [Fact]
    public void ManyLinesArriveWhole()
    {
        GuestOutcome outcome = Guest.Run("seq 1 40000");
        Assert.Equal(Enumerable.Range(1, 40000).Select(number => $"{number}"), outcome.Lines);
    }

    [Fact]
    public void FilesAreGivenAsTheyAre()
    {
        byte[] expected = System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(typeof(RunningGuestTests).Assembly.Location));
        Assert.StartsWith(Convert.ToHexStringLower(expected), Guest.Run("sha256sum /lab-test/deep/file").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AnOrdinaryUserIsNotRoot()
    {
        Assert.Contains($"uid={RunningGuest.OrdinaryUser}", Guest.Run("id", RunningGuest.OrdinaryUser).Output, StringComparison.Ordinal);
        Assert.NotEqual(0, Guest.Run("cat /proc/1/maps", RunningGuest.OrdinaryUser).ExitCode);
        Assert.Equal(0, Guest.Run("cat /proc/1/maps").ExitCode);
    }

    [Fact]
    public void ACommandThatDoesNotEndIsEndedAndTheNextOneRuns()
    {
        LabException error = Assert.Throws<LabException>(() => Guest.Run("echo begun >&2; sleep 1000", limit: TimeSpan.FromSeconds(1)));
        Assert.Contains("begun", error.Message, StringComparison.Ordinal);
        Assert.Equal("alive\n", Guest.Run("echo alive").Output);
    }

    [Fact]
    public void WhatRunsInTheBackgroundStays()
    {
        string pid = Guest.Run("sleep 1000 & echo $!").Output.Trim();
        Assert.Equal(0, Guest.Run($"kill {pid}").ExitCode);
    }

    [Fact]
    public void TheDiskAndTheMemoryAreTheHosts()
    {
        Assert.Equal(0, Guest.Run("echo written by the guest | dd of=$DISK bs=512 seek=5 conv=sync,fsync").ExitCode);
        using (FileStream disk = File.OpenRead(Guest.DiskFile))
        {
            disk.Position = 5 * 512;
            Assert.Equal("written by the guest", new StreamReader(disk).ReadLine());
        }

        Guest.Stop();
        Match word = Regex.Match(Guest.Monitor("xp /1wx 0x100000"), "0x(?<word>[0-9a-f]{8})$", RegexOptions.Multiline | RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(1));
        using (FileStream ram = File.OpenRead(Guest.RamFile))
        {
            ram.Position = 0x100000;
            Assert.Equal(uint.Parse(word.Groups["word"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture), new BinaryReader(ram).ReadUInt32());
        }

        Guest.Continue();
        Assert.Equal("on\n", Guest.Run("echo on").Output);
    }
}
