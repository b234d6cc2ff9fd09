using System.Globalization;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Files;

/// <summary>
/// The names of files that no directory holds: each kind of them has a function that makes one up (struct dentry_operations, d_dname), which is told by its
/// symbol.
/// </summary>
internal sealed class PseudoPath(KernelObjects objects, FileFields fields)
{
    private const int MaxNameBytes = 1024;

    /// <summary>The made-up name of a directory entry; null where it has no such function, or one that is not known here.</summary>
    public string? Of(VirtualAddress dentry)
    {
        if (objects.Pointer(dentry, fields.Operations) is not VirtualAddress operations
            || objects.Pointer(operations, fields.OperationsName) is not VirtualAddress function
            || objects.Kernel.Kallsyms?.Symbols.At(function) is not SymbolOffset { Offset: 0 } symbol)
        {
            return null;
        }

        return symbol.Symbol.Name switch
        {
            // memfd, System V shared memory, /dev/zero, hugetlb, asynchronous I/O.
            "simple_dname" => Name(dentry) is string name ? $"/{name} (deleted)" : null,
            "anon_inodefs_dname" => Name(dentry) is string name ? $"anon_inode:{name}" : null,
            "pipefs_dname" => Numbered("pipe", dentry),
            "sockfs_dname" => Numbered("socket", dentry),
            "pidfs_dname" => Numbered("pidfd", dentry),
            "ns_dname" => NamespaceOf(dentry),
            "dmabuffs_dname" => Name(dentry) is string name ? $"/{name}:{BufferName(dentry)}" : null,
            _ => null,
        };
    }

    private string? Name(VirtualAddress dentry) =>
        objects.Pointer(dentry, fields.Name) is VirtualAddress text && objects.Read(dentry, fields.NameLength) is (ulong length and <= MaxNameBytes)
            ? length == 0 ? "" : objects.Text(text, (int)length)
            : null;

    private string? Numbered(string kind, VirtualAddress dentry) =>
        objects.Pointer(dentry, fields.DentryInode) is VirtualAddress inode && objects.Read(inode, fields.InodeNumber) is ulong number
            ? string.Create(CultureInfo.InvariantCulture, $"{kind}:[{number}]")
            : null;

    // d_fsdata leads to the namespace's operations, which begin with its name.
    private string? NamespaceOf(VirtualAddress dentry) =>
        objects.Pointer(dentry, fields.PrivateData) is VirtualAddress operations && objects.Pointer(operations) is VirtualAddress text
            && objects.Text(text, MaxNameBytes) is string kind
            ? Numbered(kind, dentry)
            : null;

    // d_fsdata is the buffer; few have a name.
    private string BufferName(VirtualAddress dentry) =>
        objects.Pointer(dentry, fields.PrivateData) is VirtualAddress buffer && objects.Pointer(buffer, fields.BufferName) is VirtualAddress text
            ? objects.Text(text, MaxNameBytes) ?? "" : "";
}
