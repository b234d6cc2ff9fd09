using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>
/// Modules' own types: the split BTF that the kernel keeps of each (kernel/bpf/btf.c, btf_modules; since 5.11). struct module has a pointer to it as well, but
/// only until the module is loaded.
/// </summary>
internal sealed class ModuleTypes
{
    private const int MaxModules = 1 << 16;
    private const ulong MaxBytes = 1 << 26;

    private readonly KernelObjects _objects;
    private readonly Dictionary<ulong, (VirtualAddress Start, ulong Length)> _places = [];

    public ModuleTypes(KernelObjects objects)
    {
        _objects = objects;
        KernelTypes types = objects.Types;
        if (objects.Variable("btf_modules") is not VirtualAddress head || types.FindField("btf_module", "list") is not Field link)
        {
            return;
        }

        Field? owner = types.FindField("btf_module", "module");
        Field? described = types.FindField("btf_module", "btf");
        Field? data = types.FindField("btf", "data");
        Field? size = types.FindField("btf", "data_size");
        foreach (VirtualAddress element in KernelList.Read(objects, head, link.Offset, MaxModules).Elements)
        {
            if (objects.Pointer(element, owner) is VirtualAddress module && objects.Pointer(element, described) is VirtualAddress btf
                && objects.Pointer(btf, data) is VirtualAddress start && objects.Read(btf, size) is (ulong length and > 0 and <= MaxBytes))
            {
                _places[module.Value] = (start, length);
            }
        }
    }

    public KernelTypes? Of(VirtualAddress module, string name)
    {
        if (_objects.Types is not BtfTypes kernel || !_places.TryGetValue(module.Value, out (VirtualAddress Start, ulong Length) place))
        {
            return null;
        }

        byte[] blob = new byte[place.Length];
        return _objects.Kernel.Space.Read(place.Start, blob) == blob.Length ? BtfTypes.Read(blob, $"BTF of module {name} in memory, {place.Start}", kernel)
            : null;
    }
}
