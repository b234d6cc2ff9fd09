using System.Text;

namespace IommuSpy.Cli.Text;

/// <summary>Names out of a foreign memory, which a terminal must not obey.</summary>
internal static class Printable
{
    /// <summary>The text with control characters as /proc writes them: a backslash and three octal digits.</summary>
    public static string Of(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        StringBuilder safe = new(text.Length + 16);
        foreach (char letter in text)
        {
            if (char.IsControl(letter))
            {
                safe.Append('\\').Append(Convert.ToString(letter, 8).PadLeft(3, '0'));
            }
            else
            {
                safe.Append(letter);
            }
        }

        return safe.ToString();
    }
}
