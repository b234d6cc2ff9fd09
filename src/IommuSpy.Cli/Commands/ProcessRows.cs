using IommuSpy.Analysis.Processes;
using IommuSpy.Cli.Json;

namespace IommuSpy.Cli.Commands;

/// <summary>A process as a row of JSON.</summary>
internal static class ProcessRows
{
    /// <summary>Writes it.</summary>
    /// <param name="rows">Where to.</param>
    /// <param name="process">The process.</param>
    /// <param name="tree">Whether it says how deep in the tree it is.</param>
    public static void Process(this RowWriter rows, ProcessReport process, bool tree)
    {
        rows.Begin();
        rows.Number("pid"u8, (ulong)process.Pid);
        rows.Number("tgid"u8, (ulong)process.Tgid);
        rows.Text("comm"u8, process.Comm);
        rows.Number("parent"u8, (ulong?)process.Parent);
        rows.Number("uid"u8, process.Uid);
        rows.Text("state"u8, process.State?.ToString());
        rows.Boolean("kernelThread"u8, process.KernelThread);
        rows.Address("rootTable"u8, process.RootTable?.Value);
        rows.Number("residentPages"u8, process.ResidentPages);
        rows.Address("task"u8, process.Task.Value);
        rows.Address("mm"u8, process.Mm?.Value);
        if (tree)
        {
            rows.Number("depth"u8, (ulong)process.Depth);
        }

        rows.End();
    }
}
