using System.CommandLine;
using IommuSpy.Lab;
using IommuSpy.Lab.Commands;

const int Failed = 1;
const int Cancelled = 130;

var root = new RootCommand("The lab of iommu-spy: real guests to test on. Boots Debian kernels in QEMU and captures their memory.")
{
    CaptureCommand.Create(),
    RunCommand.Create(),
    ListCommand.Create(),
    CleanCommand.Create(),
};

// Time to end QEMU and remove an unfinished capture after Ctrl-C.
var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(20) };
try
{
    return await root.Parse(args).InvokeAsync(configuration);
}
catch (LabException error)
{
    await Console.Error.WriteLineAsync($"lab: {error.Message}");
    return Failed;
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("lab: cancelled");
    return Cancelled;
}
