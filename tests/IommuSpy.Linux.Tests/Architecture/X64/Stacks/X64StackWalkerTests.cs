using System.Buffers.Binary;
using IommuSpy.Linux.Architecture.X64.Stacks;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Stacks;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Linux.Tests.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Architecture.X64.Stacks;

/// <summary>Stacks by the kernel's own tables: calls, saved registers, interrupts, and what is damaged.</summary>
public class X64StackWalkerTests
{
    private const int Entries = 32;
    private const ulong StackAt = 0x8;
    private const int Rsp = 5;
    private const int Rbp = 4;
    private const int Previous = 1;
    private const int Call = 0;
    private const int Registers = 1;
    private const int End = 4;

    private static readonly TestTypes Types = new(
        TestTypes.Struct("task_struct", 0x40,
            ("thread", 0, TestTypes.Struct("thread_struct", 0x20, ("sp", StackAt, TestTypes.Word))), ("on_cpu", 0x30, TestTypes.Half)));

    [Fact]
    public void Calls_and_saved_registers_lead_to_the_first_function()
    {
        StackTrace trace = Walk((_, _, _) => { });
        Assert.Null(trace.Problem);
        Assert.Equal(["a+0x10", "b+0x8", "c+0x4", "d+0x20"], trace.Frames.Select(frame => frame.Symbol?.ToString()));
        Assert.Equal([false, false, false, true], trace.Frames.Select(frame => frame.IsInterrupted));
    }

    [Fact]
    public void What_came_from_user_mode_ends_there()
    {
        StackTrace trace = Walk((memory, stack, _) =>
        {
            memory.Write(stack + 0x210 + 128, 0x40_1234UL);
            memory.Write(stack + 0x210 + 136, 0x33UL);
        });
        Assert.Null(trace.Problem);
        Assert.Equal(["a+0x10", "b+0x8", "c+0x4"], trace.Frames.Select(frame => frame.Symbol?.ToString()));
    }

    [Theory]
    [InlineData(0x148UL)]
    [InlineData(0x208UL)]
    public void A_return_address_that_is_none_ends_the_stack_and_is_told(ulong at)
    {
        StackTrace trace = Walk((memory, stack, _) => memory.Write(stack + at, 0xffff_8880_0000_1234UL));
        Assert.InRange(trace.Frames.Count, 1, 2);
        Assert.Contains("is in no function of the kernel's", trace.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stack_that_goes_down_again_ends()
    {
        // The saved RBP leads back to where the walk has been.
        StackTrace trace = Walk((memory, stack, address) => memory.Write(stack + 0x100 + 40, address.Value + 0x100));
        Assert.NotNull(trace.Problem);
        Assert.InRange(trace.Frames.Count, 1, 3);
    }

    [Fact]
    public void A_task_that_runs_has_its_registers_elsewhere()
    {
        using BuiltMachine machine = Made((_, _, _) => { }, running: 1);
        Assert.Contains("it was running", Walker(machine).TraceOf(Task(machine)).Problem, StringComparison.Ordinal);
    }

    private static StackTrace Walk(Action<PhysicalMemoryBuilder, PhysicalAddress, VirtualAddress> change)
    {
        using BuiltMachine machine = Made(change);
        return Walker(machine).TraceOf(Task(machine));
    }

    private static X64StackWalker Walker(BuiltMachine machine)
    {
        LinuxKernel kernel = machine.Discover();
        return X64StackWalker.For(new(kernel, Types), null, address => kernel.Kallsyms?.Symbols.At(address) is SymbolOffset found ? found : null);
    }

    private static KernelTask Task(BuiltMachine machine) => new(machine.Kernel.Places["task"], 7, 7, "task", 1, 0, false, 'S', null, null, null);

    private static BuiltMachine Made(Action<PhysicalMemoryBuilder, PhysicalAddress, VirtualAddress> change, uint running = 0) => BuiltMachine.Raw(
        new()
        {
            MoreFunctions = ["a", "b", "c", "d"],
            MoreVariables =
            [
                ("__start_orc_unwind_ip", Entries * 4), ("__stop_orc_unwind_ip", 64), ("__start_orc_unwind", Entries * 6), ("__stop_orc_unwind", 64),
                ("task", 64), ("stack", 4096),
            ],
        },
        (memory, kernel) =>
        {
            ulong Function(string name) => kernel.Symbols.Single(symbol => symbol.Name == name).Address.Value;
            (ulong Address, short Stack, short Frame, int StackBy, int FrameBy, int Kind)[] table =
            [
                (Function("a"), 24, 0, Rsp, 0, Call),
                (Function("b"), 16, -16, Rbp, Previous, Call),
                (Function("c"), 0, 0, Rsp, 0, Registers),
                (Function("d"), 0, 0, 0, 0, End),
            ];
            var sorted = table.OrderBy(one => one.Address).ToArray();
            byte[] places = new byte[Entries * 4];
            byte[] entries = new byte[Entries * 6];
            for (int i = 0; i < Entries; i++)
            {
                // Behind the functions the last entry again and again, a byte apart.
                (ulong address, short stack, short frame, int stackBy, int frameBy, int kind) = sorted[Math.Min(i, table.Length - 1)];
                ulong at = address + (ulong)Math.Max(0, i - table.Length + 1);
                ulong from = kernel.Places["__start_orc_unwind_ip"].Value + (ulong)(i * 4);
                BinaryPrimitives.WriteInt32LittleEndian(places.AsSpan(i * 4), unchecked((int)(at - from)));
                BinaryPrimitives.WriteInt16LittleEndian(entries.AsSpan(i * 6), stack);
                BinaryPrimitives.WriteInt16LittleEndian(entries.AsSpan((i * 6) + 2), frame);
                entries[(i * 6) + 4] = (byte)(stackBy | (frameBy << 4));
                entries[(i * 6) + 5] = (byte)kind;
            }

            memory.Write(kernel.PhysicalOf("__start_orc_unwind_ip"), places);
            memory.Write(kernel.PhysicalOf("__start_orc_unwind"), entries);
            PhysicalAddress there = kernel.PhysicalOf("stack");
            ulong start = kernel.Places["stack"].Value;
            memory.Write(kernel.PhysicalOf("task") + StackAt, start + 0x100);
            memory.Write(kernel.PhysicalOf("task") + 0x30, BitConverter.GetBytes(running));
            memory.Write(there + 0x100 + 40, start + 0x200);
            memory.Write(there + 0x100 + 48, Function("a") + 0x10);
            memory.Write(there + 0x100 + 56 + 16, Function("b") + 8);
            memory.Write(there + 0x208, Function("c") + 4);
            memory.Write(there + 0x210 + 128, Function("d") + 0x20);
            memory.Write(there + 0x210 + 136, 0x10UL);
            memory.Write(there + 0x210 + 152, start + 0x300);
            change(memory, there, kernel.Places["stack"]);
        });
}
