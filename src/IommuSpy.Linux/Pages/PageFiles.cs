using System.Collections.Concurrent;
using System.Text;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>Names files by the address_space of their pages: its inode, and a name that a directory has for that. Safe to share between threads.</summary>
/// <param name="objects">Reads the kernel's memory.</param>
public sealed class PageFiles(KernelObjects objects)
{
    private const int MaxDepth = 256;
    private const int MaxNameBytes = 256;
    private const int MaxPathCharacters = 4096;

    private readonly ConcurrentDictionary<ulong, PageFile> _known = new();
    private readonly Field? _host = objects.Types.FindField("address_space", "host");
    private readonly Field? _number = objects.Types.FindField("inode", "i_ino");
    private readonly Field? _bytes = objects.Types.FindField("inode", "i_size");
    private readonly Field? _superBlock = objects.Types.FindField("inode", "i_sb");
    private readonly Field? _names = objects.Types.FindField("inode", "i_dentry.first");
    private readonly Field? _type = objects.Types.FindField("super_block", "s_type");
    private readonly Field? _id = objects.Types.FindField("super_block", "s_id");
    private readonly Field? _typeName = objects.Types.FindField("file_system_type", "name");
    private readonly Field? _alias = objects.Types.FindField("dentry", "d_u.d_alias", "d_alias");
    private readonly Field? _parent = objects.Types.FindField("dentry", "d_parent");
    private readonly Field? _name = objects.Types.FindField("dentry", "d_name.name");
    private readonly Field? _inodeOfName = objects.Types.FindField("dentry", "d_inode");

    /// <summary>The file of an address_space; what cannot be read of it is absent.</summary>
    public PageFile Of(VirtualAddress mapping) => _known.GetOrAdd(mapping.Value, _ => Read(mapping));

    private PageFile Read(VirtualAddress mapping)
    {
        if (objects.Pointer(mapping, _host) is not VirtualAddress inode)
        {
            return new(mapping, null, null, null, null, null, null);
        }

        VirtualAddress? super = objects.Pointer(inode, _superBlock);
        string? type = super is not null && objects.Pointer(super.Value, _type) is VirtualAddress its && objects.Pointer(its, _typeName) is VirtualAddress text
            ? Printable(objects.Text(text, MaxNameBytes)) : null;
        return new(mapping, inode, objects.Read(inode, _number), objects.Read(inode, _bytes), type,
            super is null ? null : Printable(objects.Text(super.Value, _id)), PathOf(inode));
    }

    private string? PathOf(VirtualAddress inode)
    {
        if (_alias is null || _parent is null || objects.Pointer(inode, _names) is not VirtualAddress link)
        {
            return null;
        }

        VirtualAddress dentry = new(unchecked(link.Value - _alias.Offset));

        // A name of another inode is no name of this one: the list is damaged, or what was read is no inode.
        return objects.Pointer(dentry, _inodeOfName) == inode ? PathOfEntry(dentry) : null;
    }

    /// <summary>The path of a directory entry from the root of its file system; null where a name cannot be read.</summary>
    internal string? PathOfEntry(VirtualAddress dentry)
    {
        StringBuilder path = new();
        for (int depth = 0; depth < MaxDepth && path.Length < MaxPathCharacters; depth++)
        {
            if (objects.Pointer(dentry, _parent) is not VirtualAddress parent)
            {
                return null;
            }

            if (parent == dentry)
            {
                // The root's own name is "/"; what no directory holds (a memfd, a pipe) is its own root and has a name.
                return path.Length > 0 ? path.ToString() : Name(dentry);
            }

            if (Name(dentry) is not string name)
            {
                return null;
            }

            path.Insert(0, $"/{name}");
            dentry = parent;
        }

        return null;
    }

    private string? Name(VirtualAddress dentry) => objects.Pointer(dentry, _name) is VirtualAddress text ? Printable(objects.Text(text, MaxNameBytes)) : null;

    // Names go to terminals: a control character in one is shown, never sent.
    private static string? Printable(string? text) =>
        text is null || !text.Any(char.IsControl) ? text : string.Concat(text.Select(c => char.IsControl(c) ? $"\\x{(int)c:x2}" : c.ToString()));
}
