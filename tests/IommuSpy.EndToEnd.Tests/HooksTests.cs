using System.Buffers.Binary;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Hooks;
using IommuSpy.Linux.Hooks;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Modules;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Where the kernel leaves its own code: nowhere in an honest guest, and wherever it is led elsewhere in a copy of its memory.</summary>
public sealed class HooksTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_guest_s_kernel_stays_in_its_own_code(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        List<HookRow> rows = [];
        (IReadOnlyList<string> looked, IReadOnlyList<string> problems) = HookRow.Find(machine, rows.Add);
        Assert.Empty(rows);
        Assert.Empty(problems);
        Assert.Contains("256 gates of the interrupt table", looked);
    }

    [Theory]
    [InlineData("5.10", false)]
    [InlineData("6.12", false)]
    [InlineData("6.12", true)]
    public void Whatever_leads_elsewhere_is_found(string kernel, bool isHidden)
    {
        string guest = Guests.All.First(guest => guest.Kernel == kernel && guest.Memory.Bytes < 1L << 30).Name;
        Machine honest = GuestMachine.Open(guest, "ram.raw");
        KernelModule module = honest.Parts.Modules.Required.Modules[0];
        VirtualAddress target = module.Base + 0x40;
        string copy = Path.Combine(_directory.FullName, "hooked.raw");
        File.Copy(Guests.Capture(guest).RamFile, copy);
        VirtualAddress jump = At(honest, "__x64_sys_getdents64"), number = At(honest, "vfs_read"), slot = At(honest, "vfs_write");
        VirtualAddress call = At(honest, "sys_call_table") + (62 * 8), operation = At(honest, "tcp4_seq_ops") + 24, gate = At(honest, "idt_table") + (3 * 16);
        using (FileStream file = File.OpenWrite(copy))
        {
            byte[] near = [0xe9, .. BitConverter.GetBytes((int)(target.Value - (jump.Value + 5)))];
            ForgedMemory.Write(file, honest, jump, near);

            // mov $target,%rax; jmp *%rax. Then jmp *0(%rip), and the target behind it.
            byte[] absolute = BitConverter.GetBytes(target.Value);
            ForgedMemory.Write(file, honest, number, [0x48, 0xb8, .. absolute, 0xff, 0xe0]);
            ForgedMemory.Write(file, honest, slot, [0xff, 0x25, 0, 0, 0, 0, .. absolute]);
            ForgedMemory.Write(file, honest, call, absolute);
            ForgedMemory.Write(file, honest, operation, absolute);
            byte[] interrupt = new byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(interrupt, (target.Value & 0xffff) | (0xee00_0010_0000UL) | ((target.Value & 0xffff_0000) << 32));
            BinaryPrimitives.WriteUInt32LittleEndian(interrupt.AsSpan(8), (uint)(target.Value >> 32));
            ForgedMemory.Write(file, honest, gate, interrupt);
            if (isHidden)
            {
                ForgedMemory.Unlink(file, honest, module.Object + honest.Parts.Objects.Required.Types.Struct("module").Field("list").Offset);
            }
        }

        using Machine altered = Machine.Open(copy);
        List<HookRow> rows = [];
        _ = HookRow.Find(altered, rows.Add);
        Assert.All(rows, row => Assert.True(row.IsUnexplained));
        Assert.All(rows, row => Assert.Equal(isHidden ? null : $"module {module.Name}", row.Hook.Owner));
        Assert.Equal(
            new (KernelHookKind, VirtualAddress, VirtualAddress?)[]
            {
                (KernelHookKind.Code, jump, target), (KernelHookKind.Code, number, target), (KernelHookKind.Code, slot, target),
                (KernelHookKind.Pointer, call, target), (KernelHookKind.Pointer, operation, target), (KernelHookKind.Interrupt, gate, target),
            }.Order(),
            rows.Select(row => (row.Hook.Kind, row.Hook.At, row.Hook.Target)).Where(row => IsForged(row.Kind, row.At)).Order());
        HookRow[] others = [.. rows.Where(row => !IsForged(row.Hook.Kind, row.Hook.At))];
        if (!isHidden)
        {
            Assert.Empty(others);
            return;
        }

        // Of a module that is hidden, its code is nobody's; and what leads to it by the kernel's own rules is as suspicious.
        ModuleMemory text = module.Memory.Single(memory => memory.Kind == "text");
        HookRow code = Assert.Single(others, row => row.Hook.Kind == KernelHookKind.Memory);
        Assert.Equal(text.Start, code.Hook.At);
        Assert.InRange(code.Hook.Target!.Value - text.Start, text.Length - 4096, text.Length + 4096);
        Assert.All(others.Where(row => row != code), row => Assert.Equal(KernelHookKind.Pointer, row.Hook.Kind));
        Assert.All(others.Where(row => row != code), row => Assert.True(text.Contains(row.Hook.Target!.Value)));

        bool IsForged(KernelHookKind kind, VirtualAddress at) => kind is KernelHookKind.Code or KernelHookKind.Interrupt || at == call || at == operation;
    }

    private static VirtualAddress At(Machine machine, string name) =>
        machine.Symbols!.TryFind(name, out Symbol symbol) ? symbol.Address : throw new InvalidOperationException(name);
}
