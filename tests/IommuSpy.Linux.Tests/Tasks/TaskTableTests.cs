using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Tests.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Tasks;

/// <summary>The list of tasks, whole and damaged.</summary>
public class TaskTableTests
{
    private const ulong TasksAt = 0x10;
    private const ulong PidAt = 0x20;
    private const ulong TgidAt = 0x24;
    private const ulong CommAt = 0x28;
    private const ulong MmAt = 0x38;
    private const ulong GroupAt = 0x40;
    private const ulong PgdAt = 0x18;

    private static readonly TestTypes Types = new(
        TestTypes.Struct("task_struct", 0x50,
            ("tasks", TasksAt, TestTypes.ListHead), ("pid", PidAt, TestTypes.Half), ("tgid", TgidAt, TestTypes.Half), ("comm", CommAt, TestTypes.Text(16)),
            ("mm", MmAt, TestTypes.Pointer), ("thread_group", GroupAt, TestTypes.ListHead)),
        TestTypes.Struct("mm_struct", 0x40, ("pgd", PgdAt, TestTypes.Pointer)));

    [Fact]
    public void EveryTaskIsReadWithItsTable()
    {
        using ObjectMachine machine = new("init_task");
        Build(machine);
        TaskTable tasks = TaskTable.Read(machine.Objects(Types));
        Assert.Empty(tasks.Damage);
        Assert.Equal(["task1[1]", "task2[2]", "task3[3]", "task4[4]", "task5[5]", "task6[6]"], tasks.Processes.Select(task => task.ToString()));
        Assert.Equal([.. machine.Roots.Select(root => (PhysicalAddress?)root), null], tasks.Processes.Select(task => task.Root));
        Assert.Equal([false, false, false, false, false, true], tasks.Processes.Select(task => task.IsKernelThread));
        Assert.Equal("task3[3]", tasks.Find(3)?.ToString());
        Assert.Null(tasks.Find(7));
        Assert.Equal("task2[2]", Assert.Single(tasks.OwnersOf(machine.Roots[1])).ToString());
    }

    [Theory]
    [InlineData(0xdead_0000_0000_0100)]
    [InlineData(0)]
    [InlineData(0xffff_8880_0000_0008)]
    public void BehindAWildLinkTasksAreFoundFromTheOtherEnd(ulong link)
    {
        using ObjectMachine machine = new("init_task");
        VirtualAddress[] tasks = Build(machine);
        machine.Word(tasks[2] + TasksAt, link);
        TaskTable table = TaskTable.Read(machine.Objects(Types));
        Assert.Equal([1, 2, 3, 4, 5, 6], table.Processes.Select(task => task.Pid));
        Assert.Contains("damaged", table.Damage[0], StringComparison.Ordinal);
        Assert.Contains("3 came before that", table.Damage[0], StringComparison.Ordinal);
    }

    [Fact]
    public void AListThatGoesRoundInACircleEnds()
    {
        using ObjectMachine machine = new("init_task");
        VirtualAddress[] tasks = Build(machine);
        machine.Word(tasks[4] + TasksAt, (tasks[1] + TasksAt).Value);
        TaskTable table = TaskTable.Read(machine.Objects(Types));
        Assert.Equal([1, 2, 3, 4, 5, 6], table.Processes.Select(task => task.Pid));
        Assert.NotEmpty(table.Damage);
    }

    [Fact]
    public void AListThatIsCutShortBehindTheBacksOfItsOtherElementsIsTold()
    {
        using ObjectMachine machine = new("init_task");
        VirtualAddress[] tasks = Build(machine);
        machine.Word(tasks[3] + TasksAt, (machine.Symbol("init_task") + TasksAt).Value);
        TaskTable table = TaskTable.Read(machine.Objects(Types));
        Assert.Equal([1, 2, 3, 4, 5, 6], table.Processes.Select(task => task.Pid));
        Assert.NotEmpty(table.Damage);
    }

    [Fact]
    public void ANameWithoutEndIsCutAndWhatIsNoTaskIsNamed()
    {
        using ObjectMachine machine = new("init_task");
        VirtualAddress[] tasks = Build(machine);
        machine.Text(tasks[0] + CommAt, "abcdefghijklmnop");
        machine.Half(tasks[1] + PidAt, 0);
        machine.Half(tasks[2] + PidAt, 0x7fff_ffff);
        machine.Half(tasks[3] + PidAt, 5);
        TaskTable table = TaskTable.Read(machine.Objects(Types));
        Assert.Equal("abcdefghijklmnop", table.Processes[0].Comm);
        Assert.Equal([1, 5, 6], table.Processes.Select(task => task.Pid));
        Assert.Equal(3, table.Damage.Count);
        Assert.Contains(table.Damage, damage => damage.Contains($"{tasks[1]} is no task", StringComparison.Ordinal));
        Assert.Contains(table.Damage, damage => damage.Contains("two tasks have pid 5", StringComparison.Ordinal));
    }

    [Fact]
    public void ATableThatIsNoneInUseIsNotBelieved()
    {
        using ObjectMachine machine = new("init_task");
        VirtualAddress[] tasks = Build(machine);
        machine.Word(tasks[0] + MmAt, 0x1234_5678_0000_0000);
        machine.Word(new VirtualAddress(machine.Word(tasks[1] + MmAt)) + PgdAt, machine.Direct(new(0x20_0000)).Value);
        machine.Word(new VirtualAddress(machine.Word(tasks[2] + MmAt)) + PgdAt, machine.Direct(machine.Roots[2]).Value + 8);
        TaskTable table = TaskTable.Read(machine.Objects(Types));
        Assert.All(table.Processes.Take(3), task => Assert.Null(task.Root));
        Assert.All(table.Processes.Take(3), task => Assert.NotNull(task.Problem));
        Assert.Contains("is not on the kernel's list", table.Processes[1].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void ThreadsAreFoundThroughTheirGroupWhereThatIsAllThatIsDescribed()
    {
        using ObjectMachine machine = new("init_task");
        VirtualAddress[] tasks = Build(machine);
        VirtualAddress thread = Task(machine, 77, 4, "thread", 0);
        machine.Link(tasks[3] + GroupAt, thread + GroupAt);
        TaskTable table = TaskTable.Read(machine.Objects(Types));
        (IReadOnlyList<KernelTask> threads, string? damage) = table.Threads(table.Find(4)!);
        Assert.Equal(["task4[4]", "thread[77]"], threads.Select(task => task.ToString()));
        Assert.Null(damage);
        Assert.Equal(thread, table.Find(77)?.Address);
    }

    [Fact]
    public void WithoutTheFirstTaskThereIsNoAnswer()
    {
        using ObjectMachine machine = new();
        KernelObjects objects = machine.Objects(Types);
        Assert.Contains("init_task", Assert.Throws<MissingTypeException>(() => TaskTable.Read(objects)).Message, StringComparison.Ordinal);
    }

    private static VirtualAddress[] Build(ObjectMachine machine)
    {
        VirtualAddress[] tasks = [.. Enumerable.Range(1, machine.Roots.Count + 1).Select(pid =>
        {
            ulong mm = 0;
            if (pid <= machine.Roots.Count)
            {
                VirtualAddress map = machine.Take(0x40);
                machine.Word(map + PgdAt, machine.Direct(machine.Roots[pid - 1]).Value);
                mm = map.Value;
            }

            return Task(machine, pid, pid, $"task{pid}", mm);
        })];
        machine.Link([machine.Symbol("init_task") + TasksAt, .. tasks.Select(task => task + TasksAt)]);
        return tasks;
    }

    private static VirtualAddress Task(ObjectMachine machine, int pid, int tgid, string comm, ulong mm)
    {
        VirtualAddress task = machine.Take(0x50);
        machine.Half(task + PidAt, (uint)pid);
        machine.Half(task + TgidAt, (uint)tgid);
        machine.Text(task + CommAt, comm);
        machine.Word(task + MmAt, mm);
        machine.Link(task + GroupAt);
        return task;
    }
}
