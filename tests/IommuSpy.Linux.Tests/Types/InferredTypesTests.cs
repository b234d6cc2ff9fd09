using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Vmalloc;
using IommuSpy.Testing.Kernel;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>Inference on kernels of 3.16's time whose structures are laid out at random: it has no offset to fall back on.</summary>
public class InferredTypesTests
{
    // What no invariant tells, or what is no field of those times' that readers ask for.
    private static readonly string[] NotInferred =
        ["task_struct.state", "task_struct.usage", "task_struct.ptrace", "mm_struct.mm_count", "dentry.d_iname", "dentry.d_op"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Fields_are_found_wherever_a_build_of_3_16_puts_them(int seed)
    {
        ObjectLayout layout = new(seed);
        InferredTypes types = Infer(layout);
        foreach (InferredField field in types.Evidence)
        {
            (string Structure, string Field, int Offset)[] truth = [.. layout.Fields.Where(its => its.Structure == field.Structure && its.Field == field.Name)];
            Assert.True(truth.Length == 0 || truth[0].Offset == (int)field.Offset,
                $"{field.Structure}.{field.Name}: {field.Offset} inferred, {truth.FirstOrDefault().Offset} true");
        }

        string[] found = [.. types.Evidence.Select(field => $"{field.Structure}.{field.Name}")];
        string[] wanted = [.. layout.Fields.Select(field => $"{field.Structure}.{field.Field}").Except(NotInferred)];
        Assert.True(!wanted.Except(found).Any(),
            string.Join("; ",
                types.Refusals.Select(refusal => $"{refusal.Structure}.{refusal.Name}: {refusal.Reason}")
                    .Append($"missing {string.Join(',', wanted.Except(found))}")));

        // What 3.16 lays out in its own way.
        Assert.Equal(4UL, types.FindField("cred", "uid")!.Offset);
        Assert.Equal(0UL, types.FindField("thread_info", "task")!.Offset);
        Assert.Null(types.FindField("mm_struct", "mm_mt"));
        Assert.Equal(layout["file", "f_path"] + 8, (int)types.FindField("file", "f_path.dentry")!.Offset);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Devices_areas_and_modules_are_found_in_3_16_s_forms(int seed)
    {
        DeviceObjectsBuilder? devices = null;
        using BuiltMachine machine = BuiltMachine.Raw(KernelBuilder.Linux316(ProcessObjectsBuilder.StaticBytes, DeviceObjectsBuilder.Symbols),
            (memory, kernel) =>
        {
            new ProcessObjectsBuilder(memory, kernel, new(seed)).Build();
            devices = new(memory, kernel, seed);
            devices.Build();
        });
        LinuxKernel kernel = machine.Discover();
        InferredTypes types = InferredTypes.Infer(kernel);
        string refusals = string.Join("; ", types.Refusals.Select(refusal => $"{refusal.Structure}.{refusal.Name}: {refusal.Reason}"));
        Assert.All(devices!.Fields,
            field => Assert.True(types.FindField(field.Structure, field.Field)?.Offset == (ulong)field.Offset,
                $"{field}: {types.FindField(field.Structure, field.Field)?.Offset}; {refusals}"));

        // Readers take the answer.
        KernelObjects objects = new(kernel, types);
        PciInventory inventory = PciInventory.Read(objects);
        Assert.Empty(inventory.Damage);
        Assert.Equal(
            ["0000:00:00.0 8086:29c0 -", "0000:00:01.0 1b36:000c -", "0000:00:02.0 8086:100e e1000", "0000:01:00.0 1b36:0010 nvme"],
            inventory.Functions.Select(function => $"{function.Address} {function.Vendor:x4}:{function.DeviceId:x4} {function.Driver ?? "-"}"));
        Assert.Equal((4, (byte)1, (byte)1), (inventory.Functions[1].PortType, inventory.Functions[1].SecondaryBus, inventory.Functions[1].LastBus));
        Assert.Equal(new PciAddress(0, 0, 8), inventory.Functions[3].Bridge);
        Assert.Equal([0xfe02_0000UL], inventory.Functions[2].Resources.Select(resource => resource.Start.Value));
        Assert.Equal(
            [VmallocUse.IoRemap, VmallocUse.Vmalloc, VmallocUse.Vmalloc, VmallocUse.RamMap, VmallocUse.Vmalloc, VmallocUse.Vmalloc],
            VmallocList.Read(objects).Areas.Select(area => area.Use));
        Assert.All(ModuleList.Read(objects).Modules, module => Assert.Equal(["probe", "remove"], module.Symbols.Select(symbol => symbol.Name)));
    }

    [Fact]
    public void A_broken_list_of_tasks_is_refused_in_one_line()
    {
        MissingTypeException refused = Assert.Throws<MissingTypeException>(() => Infer(new(1), (memory, objects) =>
            memory.Write(objects.FieldOf(objects.Tasks[3], "task_struct", "tasks"), 0xffff_8800_0bad_0000)));
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Contains("init_task", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_list_of_areas_leaves_what_does_not_need_it()
    {
        InferredTypes types = Infer(new(2), (memory, objects) => memory.Write(objects.FieldOf(objects.Areas[2][1], "vm_area_struct", "vm_mm"), 0x1234));
        Assert.NotNull(types.FindField("task_struct", "mm"));
        Assert.NotNull(types.FindField("mm_struct", "pgd"));
        Assert.Null(types.FindField("vm_area_struct", "vm_start"));
        Assert.Contains(types.Refusals, refusal => refusal is { Structure: "vm_area_struct", Name: "vm_start" });
    }

    [Fact]
    public void Areas_that_contradict_the_tables_have_no_flags()
    {
        InferredTypes types = Infer(new(3), (memory, objects) => memory.Write(objects.FieldOf(objects.Areas[0][1], "vm_area_struct", "vm_flags"), 0x71UL));
        Assert.NotNull(types.FindField("vm_area_struct", "vm_start"));
        Assert.Null(types.FindField("vm_area_struct", "vm_flags"));
    }

    [Fact]
    public void Areas_without_flags_are_shown_with_all_else()
    {
        ObjectLayout layout = new(3);
        ulong mm = 0;
        using BuiltMachine machine = BuiltMachine.Raw(KernelBuilder.Linux316(ProcessObjectsBuilder.StaticBytes), (memory, kernel) =>
        {
            ProcessObjectsBuilder built = new(memory, kernel, layout);
            built.Build();
            mm = memory.ReadWord(built.FieldOf(built.Areas[0][0], "vm_area_struct", "vm_mm"));
            memory.Write(built.FieldOf(built.Areas[0][1], "vm_area_struct", "vm_flags"), 0x71UL);
        });
        LinuxKernel kernel = machine.Discover();
        ProcessMemory memory = new ProcessMemoryReader(new(kernel, InferredTypes.Infer(kernel))).Read(new(mm));
        Assert.Empty(memory.Damage);
        Assert.Equal(
            ["/bin/program-0", "/bin/program-0", "[heap]", "[stack]", null, null], memory.Areas.Select(area => area.Name));
        Assert.All(memory.Areas, area => Assert.Equal((null, null, null), (area.Flags, area.Rights, area.Access)));
        Assert.False(memory.Areas[0].Allows(AccessRights.Read));
        Assert.True(memory.Areas[0].Allows(AccessRights.None));
    }

    [Fact]
    public void Rights_are_not_told_where_most_areas_lack_the_right_to_them()
    {
        InferredTypes types = Infer(new(4), (memory, objects) =>
        {
            foreach (ulong area in objects.Areas.SelectMany(areas => areas).Where((_, i) => i % 4 != 0))
            {
                memory.Write(objects.FieldOf(area, "vm_area_struct", "vm_flags"), 0x404_4407UL);
            }
        });
        Assert.Null(types.FindField("vm_area_struct", "vm_flags"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Noise_in_the_objects_never_makes_it_wrong_or_endless(int seed)
    {
        ObjectLayout layout = new(seed);
        Random random = new(seed);
        for (int round = 0; round < 6; round++)
        {
            try
            {
                InferredTypes types = Infer(layout, (memory, _) =>
                {
                    for (int i = 0; i < 4; i++)
                    {
                        memory.Write(new((200UL << 20) + ((ulong)random.Next(10) << 20) + ((ulong)random.Next(0x400) * 8)),
                            unchecked((ulong)random.NextInt64()) | 0xffff_8800_0000_0000);
                    }
                });
                Assert.All(types.Evidence,
                    field => Assert.DoesNotContain(layout.Fields,
                        its => its.Structure == field.Structure && its.Field == field.Name && its.Offset != (int)field.Offset));
            }
            catch (MissingTypeException refused)
            {
                Assert.DoesNotContain('\n', refused.Message);
            }
        }
    }

    [Fact]
    public void Without_init_task_there_is_nothing_to_start_from()
    {
        using BuiltMachine machine = BuiltMachine.Raw(KernelBuilder.Linux316());
        LinuxKernel kernel = machine.Discover();
        Assert.Contains("init_task", Assert.Throws<MissingTypeException>(() => InferredTypes.Infer(kernel)).Message, StringComparison.Ordinal);
    }

    private static InferredTypes Infer(ObjectLayout layout, Action<IommuSpy.Testing.PhysicalMemoryBuilder, ProcessObjectsBuilder>? spoil = null)
    {
        using BuiltMachine machine = BuiltMachine.Raw(KernelBuilder.Linux316(ProcessObjectsBuilder.StaticBytes), (memory, kernel) =>
        {
            ProcessObjectsBuilder objects = new(memory, kernel, layout);
            objects.Build();
            spoil?.Invoke(memory, objects);
        });
        return InferredTypes.Infer(machine.Discover());
    }
}
