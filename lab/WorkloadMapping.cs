using System.Globalization;

namespace IommuSpy.Lab;

/// <summary>A mapping that the workload made on purpose; the names are those of lab/guest/workload.c.</summary>
/// <param name="Length">In bytes.</param>
public sealed record WorkloadMapping(string Name, ulong Start, ulong Length, int Pid)
{
    internal static WorkloadMapping Parse(string line)
    {
        string[] fields = line.Split(' ');
        return new WorkloadMapping(
            fields[0],
            ulong.Parse(fields[1].AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ulong.Parse(fields[2].AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            int.Parse(fields[3], CultureInfo.InvariantCulture));
    }
}
