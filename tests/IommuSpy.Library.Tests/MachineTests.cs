using IommuSpy.Testing.Kernel;

namespace IommuSpy.Library.Tests;

/// <summary>The library as a program uses it, on a machine whose memory was built in code.</summary>
public sealed class MachineTests(BuiltSource source) : IClassFixture<BuiltSource>
{
    private Machine Machine => source.Machine;

    private BuiltKernel Kernel => source.Kernel;

    private ulong InitTask => Kernel.Places["init_task"].Value;

    [Fact]
    public void Info_says_which_kernel_it_is_and_where_memory_ends()
    {
        MachineInfo info = Machine.Info;
        Assert.Equal((Kernel.Made.Release, 4), (info.Release, info.PagingLevels));
        Assert.Equal(Kernel.Root.Value, info.Root);
        Assert.Equal(256UL << 20, info.Ranges[^1].End);
        Assert.Equal(info.MemoryBytes, (ulong)info.Ranges.Sum(range => (long)(range.End - range.Start)));
    }

    [Fact]
    public void A_symbol_is_explained_and_so_is_the_same_byte_by_its_physical_address()
    {
        Explanation named = Machine.Explain("init_task+8");
        Assert.Equal((InitTask + 8, "init_task+0x8"), (named.Address, named.Symbol));
        Assert.Equal(Kernel.PhysicalOf("init_task").Value + 8, named.Physical);
        Assert.Equal(named.Physical, named.Walk!.Physical);
        Explanation physical = Machine.Explain($"phys:0x{named.Physical:x}");
        Assert.Equal(("physical address", named.Symbol), (physical.Kind, physical.Symbol));
        Assert.Contains(InitTask + 8, physical.AlsoAt.Select(alias => alias.Address));
    }

    [Fact]
    public void A_variable_that_every_kernel_has_comes_with_its_type_and_fields()
    {
        KernelObject task = Machine["init_task"];
        Assert.Equal(("struct task_struct", InitTask), (task.Type, task.Address));
        Assert.Equal("swapper/0", task.Field("comm").Text);
        Assert.Equal(0UL, task.Field("pid").Number);
        Assert.Contains("mm", task.Fields);
        Assert.Contains("has no nonsense", Assert.Throws<NoAnswerException>(() => task.Field("nonsense")).Message, StringComparison.Ordinal);
        Assert.Throws<NoAnswerException>(() => Machine["init_task+8"].Number);
    }

    [Fact]
    public void Processes_are_those_that_were_built_and_their_tables_translate_what_was_mapped()
    {
        Assert.Equal(source.Tasks.Where(task => task != InitTask).Order(), Machine.Processes.Select(process => process.Task.Address).Order());
        foreach (BuiltProcess built in Kernel.Processes)
        {
            Process process = Assert.Single(Machine.Processes, process => process.Root == built.Root.Value);
            Assert.False(process.IsKernelThread);
            Assert.All(process.Mappings(), mapping => Assert.Equal(mapping.Physical, process.Translate(mapping.Virtual).Physical));
            Assert.True(process.CountPageTables() >= 3);
            Assert.Equal(process.Mappings().Count, process.Table("maps").Rows(where: ["region=user space"]).Count);
        }

        Process kernelThread = Machine.Processes.First(process => process.IsKernelThread);
        Assert.Contains("has no memory of its own", Assert.Throws<NoAnswerException>(() => kernelThread.Mappings()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_has_the_columns_conditions_and_order_that_were_asked_for()
    {
        Table table = Machine.Table("ps");
        RowList rows = table.Rows(where: ["kernelThread=false"], sort: ["pid:desc"], columns: ["pid", "comm", "root"]);
        Assert.Equal(["pid", "comm", "root"], rows[0].Columns);
        long[] pids = [.. rows.Select(row => row.Integer("pid")!.Value)];
        Assert.Equal(pids.OrderDescending(), pids);
        Assert.Equal(Machine.Processes.Where(process => !process.IsKernelThread).Select(process => process.Comm).Order(),
            rows.Select(row => row.Text("comm")).Order());
        Assert.Equal(rows[0].Number("root") is ulong root ? $"0x{root:x16}" : "", rows[0]["root"]);
    }

    [Fact]
    public void What_makes_no_sense_what_has_no_answer_and_what_fails_are_three_exceptions()
    {
        Assert.Throws<ArgumentException>(() => Machine.Table("pagse"));
        Assert.Contains("no column 'nonsense'", Assert.Throws<ArgumentException>(() => Machine.Table("ps").Rows(where: ["nonsense=1"])).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Machine.Table("ps").Rows()[0].Text("pid"));
        Assert.Throws<ArgumentException>(() => Machine.Explain("12monkeys"));
        Assert.Throws<ArgumentException>(() => Machine.Mappings("q"));
        Assert.Throws<NoAnswerException>(() => Machine.Explain("no_such_symbol"));
        Assert.Throws<NoAnswerException>(() => Machine.Process(4711));
        Assert.Throws<NoAnswerException>(() => Machine.ReadPhysical(1UL << 40, 8));
        Assert.Throws<SourceException>(() => Machine.Open("/no/such/file"));
        Assert.Throws<ObjectDisposedException>(() =>
        {
            Machine closed = Machine.Open(source.Path);
            closed.Dispose();
            _ = closed.Info;
        });
    }

    [Fact]
    public void Reading_through_the_tables_and_by_physical_address_gives_the_same_bytes() =>
        Assert.Equal(Machine.ReadPhysical(Kernel.PhysicalOf("linux_banner").Value, 64), Machine.Read("linux_banner", 64));

    [Fact]
    public void Every_table_describes_its_columns() =>
        Assert.All(Machine.Tables, table => Assert.All(table.Columns, column => Assert.NotEqual("", column.Sentence)));
}
