using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Sockets;

/// <summary>What the network interfaces of a namespace are called (include/linux/netdevice.h). Not safe to share between threads.</summary>
/// <param name="objects">Reads the kernel's memory.</param>
public sealed class InterfaceNames(KernelObjects objects)
{
    private const int MostInterfaces = 1 << 16;

    private readonly Dictionary<VirtualAddress, Dictionary<int, string>> _known = [];
    private readonly Field? _list = objects.Types.FindField("net", "dev_base_head");
    private readonly Field? _link = objects.Types.FindField("net_device", "dev_list");
    private readonly Field? _number = objects.Types.FindField("net_device", "ifindex");
    private readonly Field? _name = objects.Types.FindField("net_device", "name");

    /// <summary>The name of an interface; null where none has the number.</summary>
    /// <param name="space">Where the namespace's struct net is.</param>
    /// <param name="number">The interface's number in it.</param>
    public string? Of(VirtualAddress space, int number)
    {
        if (!_known.TryGetValue(space, out Dictionary<int, string>? names))
        {
            _known[space] = names = [];
            if (_list is not null && _link is not null)
            {
                foreach (VirtualAddress device in KernelList.Read(objects, space + _list.Offset, _link.Offset, MostInterfaces).Elements)
                {
                    if (objects.Read(device, _number) is ulong its && objects.Text(device, _name) is { Length: > 0 } name)
                    {
                        names.TryAdd((int)its, name);
                    }
                }
            }
        }

        return names.GetValueOrDefault(number);
    }
}
