using IommuSpy.Linux.Running.Confinement;

namespace IommuSpy.Linux.Tests.Running;

/// <summary>The filter's instructions, run as the kernel runs them (Documentation/networking/filter.rst).</summary>
public sealed class SystemCallFilterTests
{
    private const uint X64 = 0xc000_003e;
    private const uint Arm64 = 0xc000_00b7;
    private const uint Permit = 0x7fff_0000;
    private const uint Refuse = 0x0005_0001;

    // read, write, openat, mmap, clone, futex, statx, clone3: what the runtime cannot do without.
    private static readonly uint[] NeededOnX64 = [0, 1, 257, 9, 56, 202, 332, 435];
    private static readonly uint[] NeededOnArm64 = [63, 64, 56, 222, 220, 98, 291, 435];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_named_is_refused_and_nothing_else(bool x64)
    {
        SandboxRights rights = new([], Connects: false, Serves: false, Starts: false, ReadsProcesses: false);
        HashSet<uint> refused = [.. SystemCallFilter.RefusedTo(rights).Select(call => x64 ? call.X64 : call.Arm64)];
        SystemCallFilter.Instruction[] program = SystemCallFilter.Program(SystemCallFilter.RefusedTo(rights), x64);
        for (uint number = 0; number < 512; number++)
        {
            Assert.Equal(refused.Contains(number) ? Refuse : Permit, Run(program, x64 ? X64 : Arm64, number));
        }

        Assert.All(x64 ? NeededOnX64 : NeededOnArm64, number => Assert.Equal(Permit, Run(program, x64 ? X64 : Arm64, number)));
        Assert.Equal(Refuse, Run(program, x64 ? Arm64 : X64, 0));
        Assert.Equal(Refuse, Run(program, 0x4000_0003, 0)); // 32-bit x86
        Assert.Equal(Refuse, Run(program, x64 ? X64 : Arm64, 0x4000_0000)); // x32's read
    }

    [Fact]
    public void Who_connects_serves_or_starts_programs_keeps_the_calls_for_it()
    {
        SandboxRights all = new([], Connects: true, Serves: true, Starts: true, ReadsProcesses: false);
        SystemCallFilter.Instruction[] program = SystemCallFilter.Program(SystemCallFilter.RefusedTo(all), x64: true);
        SystemCallFilter.Instruction[] server =
            SystemCallFilter.Program(SystemCallFilter.RefusedTo(all with { Connects = false, Starts = false }), x64: true);
        Assert.All(new uint[] { 41, 49, 50 }, number => Assert.Equal(Permit, Run(server, X64, number)));
        Assert.All(new uint[] { 42, 59, 322 }, number => Assert.Equal(Refuse, Run(server, X64, number)));
        Assert.All(new uint[] { 41, 42, 49, 50, 59, 322 }, number => Assert.Equal(Permit, Run(program, X64, number)));
        Assert.Equal(Refuse, Run(program, X64, 101)); // ptrace
    }

    /// <summary>Each name once, each number of an architecture once.</summary>
    [Fact]
    public void No_call_is_named_twice()
    {
        IReadOnlyList<SystemCallFilter.Refused> calls =
            SystemCallFilter.RefusedTo(new([], Connects: false, Serves: false, Starts: false, ReadsProcesses: false));
        Assert.Equal(calls.Count, calls.Select(call => call.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(calls.Count, calls.Select(call => call.X64).Distinct().Count());
        uint[] arm64 = [.. calls.Select(call => call.Arm64).Where(number => number != uint.MaxValue)];
        Assert.Equal(arm64.Length, arm64.Distinct().Count());
    }

    private static uint Run(SystemCallFilter.Instruction[] program, uint architecture, uint number)
    {
        uint accumulator = 0;
        for (int at = 0; ; at++)
        {
            SystemCallFilter.Instruction next = program[at];
            switch (next.Code)
            {
                case 0x20:
                    accumulator = next.Operand switch { 0 => number, 4 => architecture, _ => throw new InvalidOperationException() };
                    break;
                case 0x15:
                    at += accumulator == next.Operand ? next.IfTrue : next.IfFalse;
                    break;
                case 0x35:
                    at += accumulator >= next.Operand ? next.IfTrue : next.IfFalse;
                    break;
                case 0x06:
                    return next.Operand;
                default:
                    throw new InvalidOperationException($"instruction {next.Code:x}");
            }
        }
    }
}
