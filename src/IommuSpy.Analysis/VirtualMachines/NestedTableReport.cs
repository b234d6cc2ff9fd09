using IommuSpy.Memory;

namespace IommuSpy.Analysis.VirtualMachines;

/// <summary>A table that translates a virtual machine's guest-physical addresses.</summary>
/// <param name="Pid">The machine's process; null where it has none any more.</param>
/// <param name="Machine">The machine: "guest[136]".</param>
/// <param name="Level">Its level.</param>
/// <param name="Table">What the level's table is called.</param>
/// <param name="Gpa">The first guest-physical address that it translates.</param>
public sealed record NestedTableReport(int? Pid, string Machine, int Level, string Table, PhysicalAddress Gpa)
{
    /// <summary>The one that lives in a page frame of a host; null where none does.</summary>
    public static NestedTableReport? In(Machine host, PageFrame frame)
    {
        ArgumentNullException.ThrowIfNull(host);
        return host.GuestFrames.TableIn(frame) is { Guest.Nested: { } nested } table
            ? new(table.Guest.Process?.Pid, table.Guest.ToString(), table.Level, nested.Mode.Format.LevelName(table.Level), table.First)
            : null;
    }
}
