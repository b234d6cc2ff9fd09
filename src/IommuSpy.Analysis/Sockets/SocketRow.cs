using System.Globalization;
using IommuSpy.Linux.Sockets;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Analysis.Sockets;

/// <summary>A socket, and who holds it.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="Holders">The open files that lead to it, by process.</param>
/// <param name="IsListed">Whether a table of the kernel's own has it; a socket without an address may be in none.</param>
/// <param name="Interface">The interface that it is bound to; null for none.</param>
internal sealed record SocketRow(KernelSocket Socket, IReadOnlyList<SocketHolder> Holders, bool IsListed, string? Interface)
{
    /// <summary>Who holds it.</summary>
    public HeldBy HeldBy => Holders.Count > 0 ? HeldBy.Process : Socket.Keeper switch
    {
        SocketKeeper.File => HeldBy.File,
        SocketKeeper.Kernel => HeldBy.Kernel,
        _ => HeldBy.Nobody,
    };
}

/// <summary>An open file that is a socket.</summary>
/// <param name="Process">Whose it is.</param>
/// <param name="Descriptor">Its number.</param>
internal readonly record struct SocketHolder(KernelTask Process, int Descriptor)
{
    /// <summary>"173/4".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Process.Pid}/{Descriptor}");
}

/// <summary>Who holds a socket.</summary>
internal enum HeldBy
{
    /// <summary>A process has it open.</summary>
    Process,

    /// <summary>It has a file that no process has open: it is on its way to one in a message, or a part of the kernel keeps it.</summary>
    File,

    /// <summary>The kernel, which uses it itself.</summary>
    Kernel,

    /// <summary>Nobody: it is in TIME_WAIT, a connection that is not accepted yet, or was closed before all was sent.</summary>
    Nobody,
}
