using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Tests.Reverse;

/// <summary>The reverse map against a plain walk over every leaf of every space.</summary>
public class ReverseMapTests(SharedMachine shared) : IClassFixture<SharedMachine>
{
    private const ulong FirstKernelAddress = 0xffff_8000_0000_0000;

    [Fact]
    public void Every_frame_has_the_mappers_that_a_plain_walk_finds()
    {
        Machine machine = shared.Machine;
        Dictionary<ulong, List<string>> expected = [];
        void Add(string space, IEnumerable<NaiveLeaf> leaves)
        {
            foreach (NaiveLeaf leaf in leaves)
            {
                for (ulong at = 0; at < leaf.Size; at += PageFrame.Size)
                {
                    ulong frame = (leaf.Physical + at) >> PageFrame.Shift;
                    expected.TryAdd(frame, []);
                    expected[frame].Add(Line(space, leaf.Virtual + at, leaf.Size, leaf.Rights));
                }
            }
        }

        Add("kernel", NaiveLeaf.All(machine.Kernel.Memory, machine.Kernel.Space.Root).Where(leaf => leaf.Virtual >= FirstKernelAddress));
        // The rights of user addresses are those of the half that the CPU goes through in user mode.
        foreach (var process in shared.Kernel.Processes)
        {
            Add(process.Root.ToString(), NaiveLeaf.All(machine.Kernel.Memory, process.UserHalf!.Value).Where(leaf => leaf.Virtual < FirstKernelAddress));
        }

        Assert.True(machine.ReverseMap.IsWhole);
        ulong last = Math.Max(machine.Kernel.Memory.Ranges[^1].Last.Frame.Number, expected.Keys.Max());
        for (ulong frame = 0; frame <= last; frame++)
        {
            IEnumerable<string> found = machine.ReverseMap.MappersOf(new(frame))
                .Select(mapper => Line(mapper.Root?.ToString() ?? "kernel", mapper.Address.Value, mapper.PageSize, mapper.Rights));
            Assert.Equal(expected.GetValueOrDefault(frame, []).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Page_tables_are_known_by_the_frame_that_they_live_in()
    {
        Machine machine = shared.Machine;
        PhysicalAddress process = shared.Kernel.Processes[0].Root;
        Assert.Equal((process, 4, new VirtualAddress(0)), machine.ReverseMap.TableIn(process.Frame));

        // The walk's own steps say which tables an address goes through.
        foreach (TranslationStep step in machine.Space(process).Translate(shared.Kernel.Processes[0].Pages[0].Address).Steps)
        {
            var table = machine.ReverseMap.TableIn(step.EntryAddress.Frame);
            Assert.Equal(process, table!.Value.Root);
            Assert.Equal(step.Level, table.Value.Level);
        }

        Assert.Null(machine.ReverseMap.TableIn(shared.Kernel.Processes[0].Pages[0].Physical.Frame));
        Assert.Null(machine.ReverseMap.TableIn(machine.Kernel.Space.Root.Frame)!.Value.Root);
    }

    private static string Line(string space, ulong address, ulong pageSize, AccessRights rights) => $"{space} 0x{address:x} {pageSize} {rights}";
}
