using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Stacks;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Architecture.X64.Stacks;

/// <summary>
/// Follows stacks as arch/x86/kernel/unwind_orc.c does: by the kernel's own tables, or by RBP where it has none (unwind_frame.c).
/// </summary>
internal sealed class X64StackWalker : StackWalker
{
    private const int MostFrames = 512;

    // A task's stack has 16 KiB, with KASAN 32 or 64.
    private const ulong MostStack = 64 << 10;
    private const ulong Word = sizeof(ulong);

    // struct inactive_task_frame, since 4.9: what a task pushes before it stops to run.
    private const ulong InactiveBytes = 56;
    private const ulong InactiveFrameAt = 40;
    private const ulong InactiveReturnAt = 48;

    // struct pt_regs (arch/x86/include/asm/ptrace.h).
    private const ulong R13At = 16;
    private const ulong RbpAt = 32;
    private const ulong R10At = 56;
    private const ulong RdxAt = 96;
    private const ulong RdiAt = 112;
    private const ulong RipAt = 128;
    private const ulong CsAt = 136;
    private const ulong RspAt = 152;
    private const ulong UserPrivilege = 3;

    // ORC_REG_ of orc_types.h.
    private const int Previous = 1;
    private const int Rdx = 2;
    private const int Rdi = 3;
    private const int Rbp = 4;
    private const int Rsp = 5;
    private const int R10 = 6;
    private const int R13 = 7;
    private const int BehindRbp = 8;
    private const int BehindRsp = 9;

    private readonly KernelObjects _objects;
    private readonly OrcTable? _table;
    private readonly Func<VirtualAddress, SymbolOffset?> _symbolAt;
    private readonly Field _savedStack;
    private readonly Field? _running;
    private readonly bool _offsetBehind;
    private readonly ulong _textEnd;
    private readonly ulong _initStart;
    private readonly ulong _initEnd;

    private X64StackWalker(KernelObjects objects, OrcTable? table, Func<VirtualAddress, SymbolOffset?> symbolAt)
    {
        (_objects, _table, _symbolAt) = (objects, table, symbolAt);
        StructType task = objects.Types.Struct("task_struct");
        _savedStack = task.Field("thread.sp");
        _running = task.Find("on_cpu");

        // What stands behind RSP: until 5.11 the offset was added before it was read (87ccc826bf1c).
        _offsetBehind = objects.Kernel.IsSince(5, 12) != false;
        _textEnd = objects.Variable("_etext")?.Value ?? ulong.MaxValue;
        _initStart = objects.Variable("_sinittext")?.Value ?? ulong.MaxValue;
        _initEnd = objects.Variable("_einittext")?.Value ?? 0;
    }

    /// <summary>A walker for a kernel.</summary>
    /// <exception cref="MissingTypeException">Nothing describes where a task keeps its stack, or the tables are damaged.</exception>
    public static X64StackWalker For(KernelObjects objects, ModuleList? modules, Func<VirtualAddress, SymbolOffset?> symbolAt) =>
        new(objects, objects.Variable("__start_orc_unwind") is null ? null : OrcTable.Read(objects, modules), symbolAt);

    /// <inheritdoc/>
    public override StackTrace TraceOf(KernelTask task)
    {
        if (_objects.Read(task.Address, _running) is > 0)
        {
            return new([], "it was running: its registers are the CPU's, and what is on its stack is of no use without them (stack --cpu)");
        }

        if (_objects.Read(task.Address, _savedStack) is not ulong stack || _objects.Word(new(stack + InactiveFrameAt)) is not ulong frame
            || _objects.Word(new(stack + InactiveReturnAt)) is not ulong address)
        {
            return new([], "where it stopped cannot be read");
        }

        // A task that has never run stands at the beginning of its first function, which nothing called.
        bool begins = _symbolAt(new(address)) is { Offset: 0 };
        return Follow(new(address, stack + InactiveBytes, frame, null, begins), new(stack + InactiveReturnAt), stack);
    }

    /// <inheritdoc/>
    public override StackTrace TraceOf(CpuState cpu) =>
        cpu is not { InstructionPointer: VirtualAddress instruction, StackPointer: VirtualAddress stack } ? new([], "where it was is not in the image")
        : instruction.CompareTo(_objects.Kernel.Space.FirstKernelAddress) < 0 ? new([], "it was in user mode")
        : Follow(new(instruction.Value, stack.Value, cpu.Find("RBP"), null, true), stack, null);

    private StackTrace Follow(State state, VirtualAddress at, ulong? within)
    {
        List<StackFrame> frames = [];
        WorkAllowance allowance = new(_objects.Kernel.Memory.Budget, Work.Steps, MostFrames);
        string? problem = null;
        while (true)
        {
            if (SymbolOf(state) is not SymbolOffset symbol)
            {
                // What user mode did is no part of it; all else would be.
                problem = state.Address < _objects.Kernel.Space.FirstKernelAddress.Value && state.Registers is not null ? null
                    : $"{new VirtualAddress(state.Address)} is in no function of the kernel's";
                break;
            }

            frames.Add(new(new(state.Address), symbol, at, state.IsInterrupted));
            if (!allowance.TryUse())
            {
                problem = $"it has more than {MostFrames} frames";
                break;
            }

            ulong before = state.Stack;
            problem = Step(ref state, ref at, out bool ended);
            if (ended || problem is not null)
            {
                break;
            }

            // A task's stack is one piece, and grows down; a CPU changes from one to another.
            if (within is ulong start && state.Address >= _objects.Kernel.Space.FirstKernelAddress.Value
                && (state.Stack <= before || state.Stack - start > MostStack))
            {
                problem = $"it leads to {new VirtualAddress(state.Stack)}, which is no part of this stack";
                break;
            }
        }

        allowance.Finish();
        return new(frames, problem);
    }

    // Of a call, the place before the one that it returns to: that may be of the next function already.
    private SymbolOffset? SymbolOf(in State state)
    {
        if (!IsText(state.Address) || _symbolAt(new(state.IsInterrupted ? state.Address : state.Address - 1)) is not SymbolOffset found)
        {
            return null;
        }

        return state.IsInterrupted ? found : found with { Offset = found.Offset + 1 };
    }

    // Of what the kernel gave back after it had booted, the idle task's stack still tells.
    private bool IsText(ulong address) => address >= _objects.Kernel.Text.Start.Value
        && (address < _textEnd || (address >= _initStart && address < _initEnd) || !_objects.Kernel.Text.Contains(new(address)));

    private string? Step(ref State state, ref VirtualAddress at, out bool ended)
    {
        ended = false;
        OrcEntry entry = new(OrcKind.Call, Rbp, 2 * (int)Word, Previous, -2 * (int)Word);
        if (_table is not null)
        {
            if (_table.Find(state.IsInterrupted ? state.Address : state.Address - 1) is not OrcEntry found || found.Kind == OrcKind.Undefined)
            {
                return $"nothing tells who called {new VirtualAddress(state.Address)}";
            }

            entry = found;
        }
        else if (state.Frame is 0 or null)
        {
            ended = true;
            return null;
        }

        if (entry.Kind == OrcKind.End)
        {
            ended = true;
            return null;
        }

        if (StackOf(state, entry) is not ulong stack)
        {
            return $"the caller of {new VirtualAddress(state.Address)} stands behind a register that is not known";
        }

        State next;
        switch (entry.Kind)
        {
            case OrcKind.Call:
                at = new(stack - Word);
                next = new(Read(stack - Word), stack, state.Frame, null, false);
                break;
            case OrcKind.Registers:
                at = new(stack + RipAt);
                next = new(Read(stack + RipAt), Read(stack + RspAt) ?? 0, state.Frame, stack, true);
                break;
            default:
                // The processor's part alone is where the offset leads to.
                at = new(stack);
                next = new(Read(stack), Read(stack + RspAt - RipAt) ?? 0, state.Frame, null, true);
                ended = (Read(stack + CsAt - RipAt) & UserPrivilege) == UserPrivilege;
                break;
        }

        ended |= next.Registers is ulong registers && (Read(registers + CsAt) & UserPrivilege) == UserPrivilege;
        next.Frame = entry.FrameRegister switch
        {
            Previous => Read(stack + (ulong)(long)entry.FrameOffset),
            Rbp => state.Frame is ulong frame ? Read(frame + (ulong)(long)entry.FrameOffset) : null,
            _ when next.Registers is ulong all => Read(all + RbpAt),
            _ => state.Frame,
        };
        bool read = next.IsRead;
        state = next;
        return read ? null : $"the stack cannot be read at {at}";
    }

    private ulong? StackOf(in State state, in OrcEntry entry)
    {
        ulong offset = (ulong)(long)entry.StackOffset;
        return entry.StackRegister switch
        {
            Rsp => state.Stack + offset,
            Rbp => state.Frame + offset,
            BehindRbp => state.Frame is ulong frame ? Read(frame + offset) : null,
            BehindRsp => _offsetBehind ? Read(state.Stack) + offset : Read(state.Stack + offset),
            R10 => Register(state, R10At) + offset,
            R13 => Register(state, R13At) + offset,
            Rdi => Register(state, RdiAt) + offset,
            Rdx => Register(state, RdxAt) + offset,
            _ => null,
        };
    }

    private ulong? Register(in State state, ulong at) => state.Registers is ulong registers ? Read(registers + at) : null;

    private ulong? Read(ulong address) => _objects.Word(new(address));

    /// <summary>Where the walk has come to.</summary>
    private struct State(ulong? address, ulong stack, ulong? frame, ulong? registers, bool isInterrupted)
    {
        public readonly bool IsRead = address is not null;
        public readonly ulong Address = address ?? 0;
        public readonly ulong Stack = stack;
        public ulong? Frame = frame;
        public readonly ulong? Registers = registers;
        public readonly bool IsInterrupted = isInterrupted;
    }
}
