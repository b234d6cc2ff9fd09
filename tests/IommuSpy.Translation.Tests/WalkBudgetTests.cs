using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

/// <summary>Walks of one memory use one budget.</summary>
public class WalkBudgetTests
{
    [Fact]
    public void TheWalkThatFindsNothingLeftOfTheBudgetStopsAndSaysSo()
    {
        using Machine machine = Machine.With(4, tables => tables.Map4K(new(0x1000), new(0x5000)));
        WorkBudget budget = new(tables: 10);
        PhysicalMemory memory = new(machine.Memory.Ranges.Select(range => MemorySegment.Behind(new Through(machine.Memory, range), range))) { Budget = budget };
        TableWalker<X64Format> walker = new(memory);
        LeafCount visitor = default;
        Assert.Equal(new(4, 0, false), walker.Visit(machine.Space.Root, 4, ref visitor));
        Assert.Equal(new(4, 0, false), walker.Visit(machine.Space.Root, 4, ref visitor));
        Assert.Empty(budget.Problems);
        Assert.Equal(new(2, 0, true), walker.Visit(machine.Space.Root, 4, ref visitor));
        Assert.Contains("no more than 10 tables", Assert.Single(budget.Problems), StringComparison.Ordinal);
        Assert.Equal(new(0, 0, true), walker.Visit(machine.Space.Root, 4, ref visitor));
        Assert.Equal(2, visitor.Leaves);
    }

    private sealed class Through(PhysicalMemory memory, PhysicalRange range) : ISegmentReader
    {
        public int Read(ulong offset, Span<byte> destination) => memory.Read(range.Start + offset, destination);
    }
}
