using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Files;

/// <summary>What is read of files, inodes, directory entries and mounts.</summary>
internal sealed class FileFields(KernelTypes types)
{
    public Field? Dentry { get; } = types.FindField("file", "f_path.dentry");

    public Field? Mount { get; } = types.FindField("file", "f_path.mnt");

    public Field? Inode { get; } = types.FindField("file", "f_inode");

    public Field? Mode { get; } = types.FindField("file", "f_mode");

    // Since 6.7 (def08aa70cf8): the path that a user of a stacked file system sees.
    public Field? UserDentry { get; } = types.FindField("backing_file", "user_path.dentry");

    public Field? UserMount { get; } = types.FindField("backing_file", "user_path.mnt");

    public Field? InodeNumber { get; } = types.FindField("inode", "i_ino");

    public Field? InodeSuperBlock { get; } = types.FindField("inode", "i_sb");

    public Field? Device { get; } = types.FindField("super_block", "s_dev");

    public Field? Parent { get; } = types.FindField("dentry", "d_parent");

    public Field? Name { get; } = types.FindField("dentry", "d_name.name");

    public Field? NameLength { get; } = types.FindField("dentry", "d_name.len");

    public Field? DentryInode { get; } = types.FindField("dentry", "d_inode");

    public Field? HashLink { get; } = types.FindField("dentry", "d_hash.pprev");

    public Field? Operations { get; } = types.FindField("dentry", "d_op");

    public Field? OperationsName { get; } = types.FindField("dentry_operations", "d_dname");

    public Field? PrivateData { get; } = types.FindField("dentry", "d_fsdata");

    public Field? MountRoot { get; } = types.FindField("vfsmount", "mnt_root");

    public Field? MountSuperBlock { get; } = types.FindField("vfsmount", "mnt_sb");

    public Field? MountInside { get; } = types.FindField("mount", "mnt");

    public Field? MountParent { get; } = types.FindField("mount", "mnt_parent");

    public Field? MountPoint { get; } = types.FindField("mount", "mnt_mountpoint");

    public Field? BufferName { get; } = types.FindField("dma_buf", "name");
}
