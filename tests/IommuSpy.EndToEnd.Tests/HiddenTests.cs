using IommuSpy.Analysis;
using IommuSpy.Analysis.Hidden;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>What the kernel's structures say of one another: nothing of an honest guest, and whatever is taken off a list in a copy of its memory.</summary>
public sealed class HiddenTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Nothing_is_hidden_in_a_guest(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        HiddenReport report = HiddenReport.Of(machine);
        Assert.Empty(report.Objects);
        Assert.Empty(report.Problems);
        Assert.Equal(3, report.Compared.Count);
        Assert.Contains($"{machine.Parts.Tasks.Required.AllThreads.Count} task", report.Compared[0], StringComparison.Ordinal);
        Assert.Contains($"{machine.Parts.Tasks.Required.AllThreads.Count} task", report.Compared[1], StringComparison.Ordinal);
        Assert.Contains($"{machine.Parts.Modules.Required.Modules.Count} module", report.Compared[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5.10")]
    [InlineData("6.12")]
    public void Whatever_is_taken_off_a_list_is_found(string kernel)
    {
        string guest = Guests.All.First(guest => guest.Kernel == kernel && guest.Memory.Bytes < 1L << 30).Name;
        Machine honest = GuestMachine.Open(guest, "ram.raw");
        KernelTask process = honest.Parts.Tasks.Required.Processes.Last(task => task.Root is not null && task.Pid != 1);
        KernelTask unnumbered = honest.Parts.Tasks.Required.Processes.First(task => task.Root is not null && task.Pid == 1);
        KernelTask thread = honest.Parts.Tasks.Required.Processes.Last(task => task.IsKernelThread);
        KernelModule module = honest.Parts.Modules.Required.Modules[1];
        KernelModule renamed = honest.Parts.Modules.Required.Modules[2];
        string copy = Path.Combine(_directory.FullName, "hidden.raw");
        File.Copy(Guests.Capture(guest).RamFile, copy);
        KernelObjects objects = honest.Parts.Objects.Required;
        using (FileStream file = File.OpenWrite(copy))
        {
            ForgedMemory.Unlink(file, honest, process.Address + objects.Types.Struct("task_struct").Field("tasks").Offset);
            ForgedMemory.Unlink(file, honest, thread.Address + objects.Types.Struct("task_struct").Field("tasks").Offset);
            ForgedMemory.Unlink(file, honest, module.Object + objects.Types.Struct("module").Field("list").Offset);
            Forget(file, honest, unnumbered);
            ForgedMemory.Write(file, honest, renamed.Object + objects.Types.Struct("module").Field("name").Offset, "\e[2J x\n\0\0"u8);
        }

        using Machine altered = Machine.Open(copy);
        HiddenReport report = HiddenReport.Of(altered);
        Assert.Equal(
            new (string, string?, int?, string)[]
            {
                ("module", module.Name, null, "the list of modules"),
                ("task", process.Comm, process.Pid, "the list of tasks"),
                ("task", thread.Comm, thread.Pid, "the list of tasks"),
                ("task", unnumbered.Comm, unnumbered.Pid, "the table of pids"),
            }.Order(),
            report.Objects.Select(hidden => (hidden.Kind, hidden.Name, hidden.Pid, hidden.MissingFrom)).Order());
        Assert.Equal("slab cache task_struct, live; the table of pids", report.Objects.First(hidden => hidden.Pid == process.Pid).SeenIn);
        Assert.Null(altered.Parts.Tasks.Required.Find(process.Pid));
        Assert.Null(altered.Parts.Modules.Required.Find(module.Name));

        // A module that has given itself an odd name is listed, by its name made harmless, and is no damage.
        Cli.Outcome modules = Cli.Run("modules", "-s", copy);
        Assert.Equal("", modules.Error);
        Assert.Contains(Analysis.Wording.Printable.Name("\e[2J x\n"), modules.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', modules.Output);
        Cli.Outcome answer = Cli.Run("hidden", "-s", copy);
        Assert.Equal(0, answer.ExitCode);
        Assert.Contains("4 objects hidden", answer.Output, StringComparison.Ordinal);
    }

    // As detach_pid of kernel/pid.c: the number leads to no task any more.
    private static void Forget(FileStream file, Machine machine, KernelTask task)
    {
        KernelObjects objects = machine.Parts.Objects.Required;
        VirtualAddress link = task.Address + objects.Types.Struct("task_struct").Field("pid_links").Offset;
        Assert.True(machine.Kernel.Space.TryRead(link + 8, out ulong head));
        ForgedMemory.Write(file, machine, new(head), new byte[8]);
    }
}
