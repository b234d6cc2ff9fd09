namespace IommuSpy.Linux.Sockets;

/// <summary>What a socket hangs on to.</summary>
public enum SocketKeeper
{
    /// <summary>Nothing: it is in TIME_WAIT, a request for a connection, not accepted yet, or left behind by whoever closed it.</summary>
    Nobody,

    /// <summary>A struct socket without a file: the kernel uses it itself.</summary>
    Kernel,

    /// <summary>A file.</summary>
    File,
}
