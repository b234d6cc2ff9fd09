using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>Reads a module's own types: the split BTF that it carries in memory.</summary>
internal static class ModuleTypes
{
    private const ulong MaxBytes = 1 << 26;

    public static KernelTypes? Read(KernelObjects objects, VirtualAddress module, string name, ModuleFields fields)
    {
        if (objects.Types is not BtfTypes kernel || objects.Pointer(module, fields.Types) is not VirtualAddress start
            || objects.Read(module, fields.TypesLength) is not (ulong length and > 0 and <= MaxBytes))
        {
            return null;
        }

        byte[] blob = new byte[length];
        return objects.Kernel.Space.Read(start, blob) == blob.Length ? BtfTypes.Read(blob, $"BTF of module {name} in memory, {start}", kernel) : null;
    }
}
