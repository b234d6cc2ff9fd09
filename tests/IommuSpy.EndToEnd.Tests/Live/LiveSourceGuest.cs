using System.Text.Json;
using IommuSpy.Lab;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>A guest that looks at itself, and its memory as QEMU has it.</summary>
public abstract class LiveSourceGuest : IDisposable
{
    private protected LiveSourceGuest(CaptureSpec spec) => Guest = LiveGuest.Boot(spec);

    /// <summary>The guest.</summary>
    public RunningGuest Guest { get; }

    /// <summary>The workload's own process.</summary>
    public string Workload => Guest.Succeed("grep '^anonymous ' /run/workload | head -n 1").Output.Trim().Split(' ')[3];

    /// <summary>What a command says in the guest of itself, and right after of the guest's memory from outside, while it stands still.</summary>
    /// <param name="arguments">The command, without a source.</param>
    public (GuestOutcome Inside, IReadOnlyList<string> Outside) Both(string arguments)
    {
        GuestOutcome inside = Guest.Succeed($"iommu-spy {arguments}");
        return (inside, Outside(arguments));
    }

    /// <summary>What a command says of the guest's memory from outside, while it stands still.</summary>
    public IReadOnlyList<string> Outside(string arguments)
    {
        Guest.Stop();
        try
        {
            Cli.Outcome outcome = Cli.Run([.. arguments.Split(' '), "-s", Guest.RamFile]);
            Assert.True(outcome.ExitCode == 0, outcome.Error);
            return outcome.Lines;
        }
        finally
        {
            Guest.Continue();
        }
    }

    /// <summary>Values of a JSON object, by name, as they are written.</summary>
    public static IReadOnlyDictionary<string, string> Values(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetRawText(), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Guest.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Linux 5.10 behind an AMD IOMMU.</summary>
    public sealed class Linux510() : LiveSourceGuest(new() { Kernel = "5.10", Iommu = IommuModel.Amd });

    /// <summary>Linux 6.1 behind VT-d, without the note that QEMU may keep.</summary>
    public sealed class Linux61() : LiveSourceGuest(new() { Kernel = "6.1" });

    /// <summary>Linux 6.12 behind VT-d in scalable mode, with tables of 5 levels.</summary>
    public sealed class Linux612() : LiveSourceGuest(new() { Kernel = "6.12", Iommu = IommuModel.IntelScalable, PagingLevels = 5 });
}
